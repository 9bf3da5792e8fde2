#pragma once
// Weights for a model whose head may be for other classes.

#include <imgcls/models/weights.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::train {

/// models::load_weights. Where the file does not fit, but all of it except the model's head would,
/// the WeightsError ends in `hint`.
std::vector<std::string> load_with_hint(const models::Model& model,
                                        const std::filesystem::path& weights,
                                        const models::LoadOptions& options, std::string_view hint);

}  // namespace imgcls::train
