#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/data/class_names.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/train/teacher.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

bool fits_but_for_classes(const models::Model& model, const fs::path& weights) {
  if (model.head().empty()) return false;
  try {
    models::load_weights(model, weights, {.head = false});
  } catch (const WeightsError&) {
    return false;
  }
  return true;
}

Teacher with_weights(const models::Model& model, const fs::path& weights) {
  Teacher teacher{.model = model, .notes = models::load_weights(model, weights)};
  teacher.notes.push_back(fmt::format("teacher: {}, {}", model.name(), weights.string()));
  return teacher;
}

models::Model create_teacher(const RunOptions& options, std::size_t classes) {
  const std::string& name = options.distillation.model;
  try {
    const bool one_size = models::info(name).takes.image_size;
    return models::create(name, {.classes = static_cast<int>(classes),
                                 .channels = options.data.normalization.channels,
                                 .image_size = one_size ? options.augment.size : 0});
  } catch (const ConfigError& e) {
    throw ConfigError(fmt::format("distillation.model={}, for images of augment.size={}: {}", name,
                                  options.augment.size, e.what()));
  }
}

Teacher from_zoo(const RunOptions& options, std::size_t classes) {
  const DistillationOptions& given = options.distillation;
  const models::Model model = create_teacher(options, classes);
  try {
    return with_weights(model, given.weights);
  } catch (const WeightsError& e) {
    if (fits_but_for_classes(model, given.weights)) {
      throw ConfigError(fmt::format(
          "distillation.weights: {} is of a {} for other classes than the {} of the training data; "
          "a teacher must know the same classes in the same order",
          given.weights, given.model, classes));
    }
    throw WeightsError(fmt::format("distillation.weights: {}", e.what()));
  }
}

void require_same_classes(const fs::path& run, std::span<const std::string> of_run,
                          std::span<const std::string> classes) {
  const auto [theirs, ours] = std::ranges::mismatch(of_run, classes);
  if (theirs == of_run.end() && ours == classes.end()) return;
  const std::string difference =
      of_run.size() != classes.size()
          ? fmt::format("{} of them, not {}", of_run.size(), classes.size())
          : fmt::format("\"{}\" where the training data has \"{}\"", *theirs, *ours);
  throw ConfigError(
      fmt::format("distillation.run: {} is of other classes ({}); a teacher must know the same "
                  "classes in the same order",
                  run.string(), difference));
}

fs::path newest_weights(const RunFiles& files) {
  try {
    return weights_of_run(files, RunWeights::newest, Log::quiet("distillation: "));
  } catch (const CheckpointError& e) {
    throw CheckpointError(fmt::format("distillation.run: {}", e.what()));
  }
}

Teacher from_run(const RunOptions& options, std::span<const std::string> classes) {
  const RunFiles files{options.distillation.run};
  const fs::path weights = newest_weights(files);
  const Config config = Config::load(std::vector<std::string>{files.config().string()});
  const auto of_run =
      data::class_ids(data::read_class_names(files.classes(), data::Repeats::allowed));
  require_same_classes(files.folder, of_run, classes);
  const RunOptions run = run_options(config);
  const Normalization &theirs = run.data.normalization, &ours = options.data.normalization;
  if (theirs.mean != ours.mean || theirs.std != ours.std || theirs.channels != ours.channels ||
      theirs.bits != ours.bits) {
    throw ConfigError(
        fmt::format("distillation.run: {} was trained with another data.mean, data.std, "
                    "data.channels or data.bits; a teacher is shown the images as the model is, so "
                    "give both runs the same",
                    files.folder.string()));
  }
  return with_weights(create_model(run, classes.size()), weights);
}

}  // namespace

std::optional<Teacher> make_teacher(const RunOptions& options,
                                    std::span<const std::string> classes) {
  const DistillationOptions& given = options.distillation;
  if (given.model.empty() && given.run.empty()) return std::nullopt;
  return given.run.empty() ? from_zoo(options, classes.size()) : from_run(options, classes);
}

}  // namespace imgcls::train
