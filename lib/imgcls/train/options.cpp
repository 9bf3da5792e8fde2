#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/options.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using nlohmann::json;

/// Has `fill` take what a section of `config` says. Throws ConfigError naming option and origin.
template <class Fill>
void read_section(const Config& config, const char* section, const Fill& fill) {
  try {
    fill(config.json().at(section));
  } catch (const OptionError& e) {
    const std::string path = fmt::format("{}.{}", section, e.option());
    throw ConfigError(fmt::format("{}: {}.{}", config.origin(path), section, e.what()));
  }
}

template <class Options>
void read(const Config& config, const char* section, const OptionFields<Options>& fields,
          Options& options) {
  read_section(config, section, [&](const json& values) { fields.read(values, options); });
}

/// The same of a section that chooses one of a registry.
template <class Options, class Entry>
void read(const Config& config, const char* section, const OptionFields<Options>& fields,
          const Registry<Entry>& registry, Options& options) {
  read_section(config, section,
               [&](const json& values) { read_chosen(values, fields, registry, options); });
}

void check_unfreezing(const Config& config, const ModelRunOptions& o) {
  if (o.unfreeze_epoch == 0 || !o.freeze.empty()) return;
  throw ConfigError(fmt::format(
      "{}: model.unfreeze_epoch={} ends what model.freeze begins, which is empty; give both, as "
      "model.freeze=[\"backbone\"], or neither",
      config.origin("model.unfreeze_epoch"), o.unfreeze_epoch));
}

void check_progressive(const Config& config, const RunOptions& o) {
  const std::string& model = o.model.name;
  if (o.progressive.dropout != ProgressiveOptions::kNone && !models::info(model).takes.dropout) {
    throw ConfigError(
        fmt::format("{}: progressive.dropout needs a model with dropout, and {} has "
                    "none",
                    config.origin("progressive.dropout"), model));
  }
  const int first = o.progressive.size;
  if (first == 0) return;
  const auto refuse = [&](const std::string& why) {
    throw ConfigError(
        fmt::format("{}: progressive.size {}", config.origin("progressive.size"), why));
  };
  if (first > o.augment.size) {
    refuse(fmt::format("must be at most augment.size={}, not {}", o.augment.size, first));
  }
  if (o.augment.crop == data::CropKind::pad) {
    refuse("needs images that are resized, and augment.crop=pad cuts them out");
  }
  if (models::info(model).takes.image_size) {
    refuse(fmt::format("needs a model for images of any size, and {} is for one size", model));
  }
}

std::filesystem::path run_folder(const Config& config, const RunOptions& o) {
  RunFolderOptions given;
  read(config, "run", run_folder_fields(), given);
  if (!given.dir.empty()) return given.dir;
  const std::string &model = o.model.name, &data = o.data.name;
  return std::filesystem::path("runs") / (data.empty() ? model : model + "-" + data);
}

data::LoaderOptions loader_options(const RunOptions& o, int rank, int world) {
  return {
      .batch = o.batch,
      .rank = rank,
      .world = world,
      .shards = o.shards,
      .threads = o.data.threads,
      .prefetch = o.data.prefetch,
      .timeout_s = o.data.timeout_s,
      .seed = o.seed,
      .bits = o.data.normalization.bits,
      .sampling = {.by = o.data.sampling, .epoch_size = o.epoch_size, .repeats = o.data.repeats},
      .on_error = o.data.on_error,
      .transform = o.augment};
}

/// What is mixed together: a rank's images of a step, or a shard's.
std::size_t images_of_part(const RunOptions& o, int world) {
  if (o.shards > 0) {
    const auto shards = static_cast<std::size_t>(o.shards);
    if (o.shards < world) {
      throw ConfigError(fmt::format(
          "train.shards={} leaves some of {} ranks without a shard; expected at least as "
          "many shards as ranks",
          o.shards, world));
    }
    require_equal_shards(o);
    return o.batch / shards;
  }
  const auto parts = static_cast<std::size_t>(world) * static_cast<std::size_t>(o.accumulate);
  if (o.batch % parts == 0) return o.batch / static_cast<std::size_t>(world);
  throw ConfigError(fmt::format(
      "train.batch={} cannot be shared evenly by {} ranks of train.accumulate={} micro-batches "
      "each; expected a multiple of {}",
      o.batch, world, o.accumulate, parts));
}

}  // namespace

data::LoaderOptions train_loader_options(const RunOptions& o, int rank, int world) {
  const std::size_t part = images_of_part(o, world);
  if (!o.mix.kinds.empty() && part % 2 != 0) {
    throw ConfigError(fmt::format(
        "train.batch={} leaves each of {} {} {} images, which mix.kinds cannot mix two by two; "
        "expected a multiple of {}",
        o.batch, o.batch / part, o.shards > 0 ? "shards" : "ranks", part, 2 * (o.batch / part)));
  }
  data::LoaderOptions loader = loader_options(o, rank, world);
  if (!o.progressive.changes_images()) return loader;
  loader.transform_at = [augment = o.augment, progressive = o.progressive](std::uint32_t epoch) {
    return augment_at(progressive, augment, epoch);
  };
  return loader;
}

data::LoaderOptions eval_loader_options(const RunOptions& o, int rank, int world) {
  data::LoaderOptions loader = loader_options(o, rank, world);
  loader.batch = o.eval.batch;
  loader.transform = o.eval.transform;
  return loader;
}

int compute_threads(const RunOptions& options, int cores) {
  if (options.threads > 0) return options.threads;
  return options.shards > 0 ? 1 : cores;
}

bool is_deterministic(const RunOptions& options, std::string_view device) {
  return options.deterministic.value_or(device == "cpu");
}

RunOptions run_options(const Config& config) {
  RunOptions o;
  read(config, "data", data_fields(), o.data);
  read(config, "model", model_fields(), o.model);
  read_section(config, "augment",
               [&](const json& values) { data::read_augment(values, o.augment); });
  read(config, "progressive", progressive_fields(), o.progressive);
  check_progressive(config, o);
  read(config, "eval", eval_fields(), o.eval);
  read(config, "train", train_fields(), o);
  check_unfreezing(config, o.model);
  read(config, "optimizer", optim::optimizer_fields(), optim::optimizers(), o.optimizer);
  read(config, "schedule", schedule_fields(), optim::schedules(), o.schedule);
  read(config, "erase", erase_fields(), o.erase);
  read_section(config, "mix", [&](const json& values) { read_mix(values, o.mix); });
  read(config, "loss", loss_fields(), losses(), o.loss);
  read(config, "distillation", distillation_fields(), o.distillation);
  read(config, "sam", sam_fields(), o.sam);
  read(config, "clip", clip_fields(), clips(), o.clip);
  read(config, "average", average_fields(), averages(), o.average);
  read(config, "checkpoint", checkpoint_fields(), o.checkpoint);
  read(config, "log", log_fields(), o);
  read(config, "profile", profile_fields(), o);
  read(config, "dist", dist_fields(), o);
  o.folder = run_folder(config, o);
  require_fitting(o);
  return o;
}

}  // namespace imgcls::train
