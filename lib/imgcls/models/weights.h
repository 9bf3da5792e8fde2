#pragma once
// A model's weights in and out.

#include <imgcls/models/model.h>

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace imgcls::models {

/// Parameters and buffers: what PyTorch's `state_dict()` holds.
std::vector<NamedTensor> state(const Model& model);

/// Copies `tensors` into the model's parameters and buffers, which keep their device and memory
/// layout. Throws WeightsError, before anything is copied, with every missing, unexpected and
/// wrong-shaped name in one message; `source` is what the message calls the tensors' origin.
void load_state(const Model& model, std::span<const NamedTensor> tensors, std::string_view source);

/// Loads a safetensors file. Throws WeightsError or IoError.
void load_weights(const Model& model, const std::filesystem::path& path);

}  // namespace imgcls::models
