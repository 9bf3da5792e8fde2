#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/head.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/fine_tune.h>
#include <imgcls/train/load_with_hint.h>
#include <imgcls/train/run_weights.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

/// Values that only have a meaning beside weights.
void require_no_weights_wanted(bool new_head, const std::string& key) {
  if (new_head) {
    throw ConfigError(
        "model.new_head=true puts a new head on the weights of model.weights, which is empty: give "
        "it a file of weights or a run's folder, or leave model.new_head out to train from the "
        "start");
  }
  if (!key.empty()) {
    throw ConfigError(
        fmt::format("model.weights_key={} chooses in model.weights, which is empty; give both, or "
                    "neither",
                    key));
  }
}

std::filesystem::path start_of(const std::string& given) {
  try {
    return weights_at(given, Log::quiet("model.weights: "));
  } catch (const CheckpointError& e) {
    throw CheckpointError(fmt::format("model.weights: {}", e.what()));
  }
}

void freeze(models::Model& model, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (model.freeze(part) > 0) continue;
    throw ConfigError(fmt::format(
        "model.freeze: \"{}\" is not a part of {} and is found in no parameter's name; {}", part,
        model.name(), known_names(part, model.parts())));
  }
  if (parts.empty() || model.parameter_count() > 0) return;
  const std::vector<std::string> heads = model.heads();
  const std::string advice =
      heads.empty() ? "leave a part out"
                    : fmt::format("leave out its head, {}: \"backbone\" is all but that",
                                  fmt::join(heads, ", "));
  throw ConfigError(
      fmt::format("model.freeze leaves nothing of {} to train; {}", model.name(), advice));
}

}  // namespace

std::vector<std::string> fine_tune(const Config& config, models::Model& model) {
  const nlohmann::json& j = config.json().at("model");
  const std::string given = j.at("weights"), key = j.at("weights_key");
  const bool new_head = j.at("new_head");
  std::vector<std::string> notes;
  if (given.empty()) {
    require_no_weights_wanted(new_head, key);
  } else {
    const std::filesystem::path weights = start_of(given);
    notes = load_with_hint(model, weights, {.head = !new_head, .key = key},
                           "model.new_head=true draws that anew, for other classes.");
    if (weights != given) notes.push_back(fmt::format("starts from {}", weights.string()));
    if (new_head) models::draw_heads(model);
  }
  freeze(model, j.at("freeze"));
  return notes;
}

}  // namespace imgcls::train
