#include <imgcls/core/error.h>
#include <imgcls/train/load_with_hint.h>

#include <fmt/format.h>

namespace imgcls::train {
namespace {

bool fits_without_head(const models::Model& model, const std::filesystem::path& weights,
                       models::LoadOptions options) {
  if (!options.head) return false;
  options.head = false;
  try {
    models::load_weights(model, weights, options);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> load_with_hint(const models::Model& model,
                                        const std::filesystem::path& weights,
                                        const models::LoadOptions& options, std::string_view hint) {
  try {
    return models::load_weights(model, weights, options);
  } catch (const WeightsError& e) {
    if (!fits_without_head(model, weights, options)) throw;
    throw WeightsError(
        fmt::format("{}\nAll but the layer that gives the logits fits: {}", e.what(), hint));
  }
}

}  // namespace imgcls::train
