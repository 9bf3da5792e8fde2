#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/formats.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/fine_tune.h>
#include <imgcls/train/program.h>
#include <imgcls/train/stage.h>
#include <imgcls/train/teacher.h>
#include <imgcls/train/trainer.h>

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

/// The largest training image, in pixels, for which the "auto" stem is the small one.
constexpr int kSmallImages = 64;

}  // namespace

fs::path data_folder(const Config& config, Split split) {
  const nlohmann::json& j = config.json().at("data");
  const fs::path root = j.at("root").get<std::string>();
  return root / j.at(split == Split::train ? "train" : "val").get<std::string>();
}

std::shared_ptr<const data::Source> open_source(const Config& config, Split split) {
  return open_source(config, split, data_folder(config, split));
}

std::shared_ptr<const data::Source> open_source(const Config& config, Split split,
                                                const fs::path& folder) {
  const nlohmann::json& j = config.json().at("data");
  const fs::path root = j.at("root").get<std::string>();
  const std::string name = j.at(split == Split::train ? "train" : "val");
  // What was staged has its index with it.
  const bool staged = folder != data_folder(config, split);
  const fs::path indexes = j.at("index").get<std::string>();
  const fs::path index = indexes.empty() || staged ? fs::path() : indexes / (name + ".index");
  std::vector<std::string> classes = j.at("classes");
  for (std::string& item : classes) item = unquote_name(item);
  return data::formats()
      .at(j.at("format").get<std::string>())
      .open({.root = root,
             .name = name,
             .folder = folder,
             .index = index,
             .image_key = j.at("image_key"),
             .classes = std::move(classes),
             .multi_label = j.at("multi_label"),
             .training = j.at("train")});
}

models::Model create_model(const Config& config, std::size_t classes) {
  const nlohmann::json& j = config.json().at("model");
  const std::string name = j.at("name");
  const std::string stem = j.at("stem");
  const bool small_images = config.json().at("augment").at("size") <= kSmallImages;
  const bool takes_small = models::info(name).takes.small_stem;
  const bool small = stem == "small" || (stem == "auto" && small_images && takes_small);
  const auto unless_auto = [&](const char* key) {
    const double value = j.at(key);
    return value < 0 ? std::nullopt : std::optional(value);
  };
  return models::create(name, {.classes = static_cast<int>(classes),
                               .channels = config.json().at("data").at("channels"),
                               .zero_init_residual = j.at("zero_init_residual"),
                               .stem = small ? models::Stem::small : models::Stem::imagenet,
                               .width = j.at("width"),
                               .dropout = unless_auto("dropout"),
                               .drop_path = unless_auto("drop_path"),
                               .blur_pool = j.at("blur_pool"),
                               .image_size = j.at("image_size")});
}

Parts compose(const Config& config, dist::World& world) {
  const DataFolders folders = stage_data(config, world);
  std::optional<Parts> parts;
  dist::agree(world, [&] {
    const RunOptions options = run_options(config);
    configure_torch(options, world);
    const auto train = open_source(config, Split::train, folders.train);
    parts = Parts{.options = options,
                  .train = train,
                  .val = open_source(config, Split::val, folders.val),
                  .model = create_model(config, train->classes().size())};
    parts->options.notes = fine_tune(config, parts->model);
    if (const auto teacher = make_teacher(options, train->classes())) {
      parts->options.distillation.teacher = teacher->model;
      for (const std::string& note : teacher->notes) parts->options.notes.push_back(note);
    }
    if (world.is_first()) {
      for (const std::string& note : parts->options.notes) Log().info(note);
    }
  });
  return *std::move(parts);
}

int run_training(const Config& config, dist::World& world) {
  const Parts parts = compose(config, world);
  Trainer trainer(parts.model, parts.train, parts.val, parts.options, world, config.text());
  return trainer.run().stopped_by == 0 ? kSuccess : kStopped;
}

}  // namespace imgcls::train
