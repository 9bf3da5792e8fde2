#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/data/formats.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/fine_tune.h>
#include <imgcls/train/program.h>
#include <imgcls/train/stage.h>
#include <imgcls/train/teacher.h>
#include <imgcls/train/trainer.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::train {

namespace fs = std::filesystem;

namespace {

const std::string& name_of(const DataOptions& options, Split split) {
  return split == Split::train ? options.train : options.val;
}

}  // namespace

fs::path data_folder(const DataOptions& options, Split split) {
  return fs::path(options.root) / name_of(options, split);
}

std::shared_ptr<const data::Source> open_source(const DataOptions& options, Split split) {
  return open_source(options, split, data_folder(options, split));
}

std::shared_ptr<const data::Source> open_source(const DataOptions& options, Split split,
                                                const fs::path& folder) {
  if (options.root.empty()) {
    throw ConfigError("data.root is empty: give the folder that holds the data");
  }
  const std::string& name = name_of(options, split);
  // What was staged has its index with it.
  const bool staged = folder != data_folder(options, split);
  const fs::path indexes = options.index;
  return data::formats()
      .at(options.format)
      .open({.root = options.root,
             .name = name,
             .folder = folder,
             .index = indexes.empty() || staged ? fs::path() : indexes / (name + ".index"),
             .image_key = options.image_key,
             .classes = options.classes,
             .multi_label = options.multi_label,
             .training = options.train});
}

models::Model create_model(const RunOptions& options, std::size_t classes) {
  return models::create(options.model.name,
                        model_options(options.model, classes, options.data.normalization.channels,
                                      options.augment.size));
}

Parts compose(const RunOptions& options, dist::World& world) {
  const DataFolders folders = stage_data(options.data, world);
  std::optional<Parts> parts;
  dist::agree(world, [&] {
    configure_torch(options, world);
    const auto train = open_source(options.data, Split::train, folders.train);
    parts = Parts{.options = options,
                  .train = train,
                  .val = open_source(options.data, Split::val, folders.val),
                  .model = create_model(options, train->classes().size())};
    std::vector<std::string>& notes = parts->options.notes;
    const std::vector<std::string> tuned = fine_tune(options, parts->model);
    notes.insert(notes.end(), tuned.begin(), tuned.end());
    if (const auto teacher = make_teacher(options, train->classes())) {
      parts->options.distillation.teacher = teacher->model;
      notes.insert(notes.end(), teacher->notes.begin(), teacher->notes.end());
    }
    if (world.is_first()) {
      for (const std::string& note : notes) Log().info(note);
    }
  });
  return *std::move(parts);
}

Parts compose(const Config& config, dist::World& world) {
  RunOptions options;
  dist::agree(world, [&] { options = run_options(config); });
  return compose(options, world);
}

int run_training(const Config& config, dist::World& world) {
  const Parts parts = compose(config, world);
  Trainer trainer(parts.model, parts.train, parts.val, parts.options, world, config.text());
  return trainer.run().stopped_by == 0 ? kSuccess : kStopped;
}

}  // namespace imgcls::train
