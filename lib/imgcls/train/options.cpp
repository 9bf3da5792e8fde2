#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/train/option_names.h>
#include <imgcls/train/options.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using nlohmann::json;

/// A pair [low, high] of the configuration.
std::array<double, 2> ordered_pair(const Config& config, const char* section, const char* key) {
  const auto pair = config.json().at(section).at(key).get<std::array<double, 2>>();
  if (pair[0] > pair[1]) {
    const std::string path = fmt::format("{}.{}", section, key);
    throw ConfigError(fmt::format("{}: {} must be [smallest, largest], not [{}, {}]",
                                  config.origin(path), path, pair[0], pair[1]));
  }
  return pair;
}

data::AugmentOptions augment_options(const Config& config) {
  const json& j = config.json().at("augment");
  data::AugmentOptions o;
  o.size = j.at("size");
  o.crop = value_in(kCrops, j.at("crop"));
  const auto area = ordered_pair(config, "augment", "area");
  const auto aspect = ordered_pair(config, "augment", "aspect");
  o.area_min = area[0], o.area_max = area[1];
  o.aspect_min = aspect[0], o.aspect_max = aspect[1];
  o.tries = j.at("tries");
  o.interpolation = value_in(kInterpolations, j.at("interpolation"));
  o.pad = j.at("pad");
  o.pad_mode = value_in(kPadModes, j.at("pad_mode"));
  o.flip = j.at("flip");
  return o;
}

optim::OptimizerOptions optimizer_options(const json& j) {
  optim::OptimizerOptions o;
  o.kind = value_in(kOptimizers, j.at("name"));
  o.momentum = j.at("momentum");
  o.nesterov = j.at("nesterov");
  o.beta1 = j.at("betas").at(0);
  o.beta2 = j.at("betas").at(1);
  o.eps = j.at("eps");
  o.weight_decay = j.at("weight_decay");
  for (const json& group : j.at("groups")) {
    optim::GroupRule rule{.pattern = group.at("pattern"), .weight_decay = {}, .lr_scale = {}};
    if (group.contains("weight_decay")) rule.weight_decay = group.at("weight_decay");
    if (group.contains("lr_scale")) rule.lr_scale = group.at("lr_scale");
    o.groups.push_back(std::move(rule));
  }
  return o;
}

std::filesystem::path run_folder(const json& j) {
  const std::string given = j.at("run").at("dir");
  if (!given.empty()) return given;
  const std::string model = j.at("model").at("name"), data = j.at("data").at("name");
  return std::filesystem::path("runs") / (data.empty() ? model : model + "-" + data);
}

void fill_data(const json& j, DataOptions& o) {
  o.normalisation = {.mean = j.at("mean"), .std = j.at("std")};
  o.on_error = value_in(kOnErrors, j.at("on_error"));
  o.threads = j.at("threads");
  o.prefetch = j.at("prefetch");
  o.timeout_s = j.at("timeout_s");
}

void fill_eval(const json& j, EvalRunOptions& o) {
  o.transform = {.size = j.at("size"),
                 .resize = j.at("resize"),
                 .interpolation = value_in(kInterpolations, j.at("interpolation"))};
  o.batch = j.at("batch");
  o.flip = j.at("flip");
  o.every_epochs = j.at("every_epochs");
}

data::LoaderOptions loader_options(const RunOptions& o, int rank, int world) {
  return {.batch = o.batch,
          .rank = rank,
          .world = world,
          .threads = o.data.threads,
          .prefetch = o.data.prefetch,
          .timeout_s = o.data.timeout_s,
          .seed = o.seed,
          .on_error = o.data.on_error,
          .transform = o.augment};
}

}  // namespace

data::LoaderOptions train_loader_options(const RunOptions& o, int rank, int world) {
  const auto parts = static_cast<std::size_t>(world) * static_cast<std::size_t>(o.accumulate);
  if (o.batch % parts != 0) {
    throw ConfigError(fmt::format(
        "train.batch={} cannot be shared evenly by {} ranks of train.accumulate={} micro-batches "
        "each; expected a multiple of {}",
        o.batch, world, o.accumulate, parts));
  }
  return loader_options(o, rank, world);
}

data::LoaderOptions eval_loader_options(const RunOptions& o, int rank, int world) {
  data::LoaderOptions loader = loader_options(o, rank, world);
  loader.batch = o.eval.batch;
  loader.transform = o.eval.transform;
  return loader;
}

bool is_deterministic(const RunOptions& options, std::string_view device) {
  return options.deterministic.value_or(device == "cpu");
}

RunOptions run_options(const Config& config) {
  const json& j = config.json();
  const json &train = j.at("train"), &schedule = j.at("schedule"), &save = j.at("checkpoint");
  RunOptions o;
  o.epochs = train.at("epochs");
  o.batch = train.at("batch");
  o.accumulate = train.at("accumulate");
  o.max_steps = train.at("max_steps");
  o.seed = train.at("seed");
  o.label_smoothing = train.at("label_smoothing");
  o.precision = value_in(kPrecisions, train.at("precision"));
  o.sync_bn = train.at("sync_bn");
  o.broadcast_buffers = train.at("broadcast_buffers");
  o.channels_last = train.at("channels_last");
  o.tf32 = train.at("tf32");
  o.threads = train.at("threads");
  if (const json& asked = train.at("deterministic"); asked.is_boolean()) o.deterministic = asked;
  fill_data(j.at("data"), o.data);
  o.augment = augment_options(config);
  fill_eval(j.at("eval"), o.eval);
  o.optimizer = optimizer_options(j.at("optimizer"));
  o.schedule = {.kind = value_in(kSchedules, schedule.at("name")),
                .lr = j.at("optimizer").at("lr"),
                .warmup_epochs = schedule.at("warmup_epochs"),
                .warmup_from = schedule.at("warmup_from"),
                .final_lr = schedule.at("final_lr")};
  o.checkpoint = {.every_epochs = save.at("every_epochs"),
                  .every_steps = save.at("every_steps"),
                  .keep = save.at("keep"),
                  .resume = value_in(kResumes, save.at("resume"))};
  o.compress = value_in(kCompressions, j.at("dist").at("compress"));
  o.log_every = j.at("log").at("every");
  o.log_samples = j.at("log").at("samples");
  o.tensorboard = j.at("log").at("tensorboard");
  o.wandb = j.at("log").at("wandb");
  o.wandb_project = j.at("log").at("wandb_project");
  const std::string steps = j.at("profile").at("steps");
  o.profile =
      parse_step_span(steps, fmt::format("{}: profile.steps", config.origin("profile.steps")));
  o.folder = run_folder(j);
  return o;
}

}  // namespace imgcls::train
