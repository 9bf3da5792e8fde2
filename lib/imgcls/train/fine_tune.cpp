#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/models/head.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/fine_tune.h>
#include <imgcls/train/load_with_hint.h>
#include <imgcls/train/run_weights.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

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

/// Whether the run has a checkpoint to go on from, whose weights replace all others.
bool goes_on(const RunOptions& options) {
  if (options.checkpoint.resume == Resume::never) return false;
  const RunFiles files{options.folder};
  return Checkpoints(files.checkpoints(), options.checkpoint.keep)
      .newest_good(Log::quiet(""))
      .has_value();
}

/// Empty where they are gone and not `needed` any more.
fs::path start_of(const RunOptions& options, bool needed) {
  try {
    return weights_at(options.model.weights, Log::quiet("model.weights: "));
  } catch (const CheckpointError& e) {
    if (!needed) return {};
    throw CheckpointError(fmt::format("model.weights: {}", e.what()));
  }
}

/// ". runs/x is of model.name=resnet9 model.width=8": what a run's folder says of the model whose
/// weights it holds, where that is another than these options'.
std::string other_model(const fs::path& run, const ModelRunOptions& options) {
  const RunFiles files{run};
  std::error_code ignored;
  if (!fs::exists(files.config(), ignored)) return {};
  const Config config = Config::load(std::vector<std::string>{files.config().string()});
  const nlohmann::json &theirs = config.json().at("model"), ours = model_fields().write(options);
  std::string differs;
  for (const char* key : {"name", "width", "stem", "blur_pool", "image_size"}) {
    if (theirs.at(key) == ours.at(key)) continue;
    const std::string value =
        theirs.at(key).is_string() ? theirs.at(key).get<std::string>() : theirs.at(key).dump();
    differs += fmt::format(" model.{}={}", key, value);
  }
  return differs.empty() ? differs : fmt::format("\n{} is of{}", run.string(), differs);
}

std::vector<std::string> load(const models::Model& model, const fs::path& weights,
                              const ModelRunOptions& options) {
  try {
    return load_with_hint(model, weights, {.head = !options.new_head, .key = options.weights_key},
                          "model.new_head=true draws that anew, for other classes.");
  } catch (const WeightsError& e) {
    throw WeightsError(e.what() + other_model(options.weights, options));
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

std::vector<std::string> fine_tune(const RunOptions& options, models::Model& model) {
  const ModelRunOptions& given = options.model;
  std::vector<std::string> notes;
  if (given.weights.empty()) {
    require_no_weights_wanted(given.new_head, given.weights_key);
  } else {
    const bool needed = !goes_on(options);
    const fs::path weights = start_of(options, needed);
    if (weights.empty()) {
      notes.push_back(fmt::format(
          "model.weights={} is not there any more; the run's own checkpoint has all weights",
          given.weights));
    } else {
      notes = load(model, weights, given);
      if (weights != given.weights)
        notes.push_back(fmt::format("starts from {}", weights.string()));
      if (!needed) notes.clear();  // of weights that the checkpoint's replace
      if (given.new_head) models::draw_heads(model);
    }
  }
  freeze(model, given.freeze);
  return notes;
}

}  // namespace imgcls::train
