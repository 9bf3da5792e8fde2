#pragma once
// Weights for a model whose head may be for other classes.

#include <imgcls/models/weights.h>

#include <filesystem>
#include <string_view>

namespace imgcls::train {

/// models::load_weights. Where the file does not fit, but all of it except the model's head would,
/// the WeightsError ends in `hint`.
void load_with_hint(const models::Model& model, const std::filesystem::path& weights,
                    const models::LoadOptions& options, std::string_view hint);

}  // namespace imgcls::train
