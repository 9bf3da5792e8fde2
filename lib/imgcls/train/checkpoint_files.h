#pragma once
// The files of one checkpoint's folder. Internal to train/checkpoint.cpp.

#include <imgcls/train/checkpoint.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::train {

inline constexpr std::string_view kWeightsFile = "weights.safetensors";

/// Makes the folder anew and calls `write`; what was written is removed again where that throws, so
/// that a full disk has its room back.
void write_or_remove(const std::filesystem::path& folder, const std::function<void()>& write);

/// Writes weights, moments and what the recipe keeps. Throws IoError, and CheckpointError where a
/// weight is not finite.
void write_tensors(const std::filesystem::path& folder, const Training& training);
/// Gives `folder` the same tensors as `from`.
void link_tensors(const std::filesystem::path& from, const std::filesystem::path& folder);
/// Writes the state and then the manifest, whose hashes of weights and moments are those of
/// checkpoint `same_as` where that is given.
void write_state(const std::filesystem::path& folder, const nlohmann::json& state,
                 const std::optional<std::filesystem::path>& same_as = {});

/// Throws CheckpointError where it is no such file.
nlohmann::json read_state(const std::filesystem::path& checkpoint);
void load_optimizer(const std::filesystem::path& checkpoint, optim::Optimizer& optimizer);
/// Fills the ingredients' states. Throws CheckpointError where a file is missing, or adds that to
/// `changes` where given: such an ingredient starts anew.
void load_recipe(const std::filesystem::path& checkpoint,
                 const std::vector<IngredientState>& recipe, std::vector<std::string>* changes);

/// Why a checkpoint cannot be used; empty when it can.
std::string defect(const std::filesystem::path& checkpoint);

}  // namespace imgcls::train
