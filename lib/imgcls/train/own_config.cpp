#include <imgcls/core/quoted_name.h>
#include <imgcls/core/schema.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/option_names.h>
#include <imgcls/train/own_config.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kUnknownRoot = "(given by a program)";

json data_json(const DataOptions& o, const data::Source& train, const data::Source& val) {
  json j{{"mean", o.normalisation.mean},
         {"std", o.normalisation.std},
         {"on_error", name_in(kOnErrors, o.on_error)},
         {"threads", o.threads},
         {"prefetch", o.prefetch},
         {"timeout_s", o.timeout_s},
         {"root", kUnknownRoot}};
  const data::Origin from = train.origin(), to = val.origin();
  if (from.format.empty() || from.format != to.format) return j;
  const fs::path root = from.path.parent_path();
  j["format"] = from.format;
  j["root"] = root.empty() ? "." : root.string();
  j["train"] = from.path.filename().string();
  // An absolute path below `root` is itself.
  const bool beside = to.path.parent_path() == root;
  j["val"] = beside ? to.path.filename().string() : fs::absolute(to.path).string();
  if (!from.image_key.empty()) j["image_key"] = from.image_key;
  if (from.format == "idx") {
    j["classes"] = json::array();
    for (const std::string& name : train.classes()) j["classes"].push_back(quote_name(name));
  }
  return j;
}

json model_json(const models::Model& model) {
  json j{{"name", model.name()}};
  const models::ModelOptions* o = model.made_with();
  if (o == nullptr) return j;
  j.update({{"zero_init_residual", o->zero_init_residual},
            {"stem", o->stem == models::Stem::small ? "small" : "imagenet"},
            {"width", o->width},
            {"blur_pool", o->blur_pool},
            {"image_size", o->image_size}});
  if (o->dropout) j["dropout"] = *o->dropout;
  if (o->drop_path) j["drop_path"] = *o->drop_path;
  return j;
}

json augment_json(const data::AugmentOptions& o) {
  return {{"crop", name_in(kCrops, o.crop)},
          {"size", o.size},
          {"area", {o.area_min, o.area_max}},
          {"aspect", {o.aspect_min, o.aspect_max}},
          {"tries", o.tries},
          {"interpolation", name_in(kInterpolations, o.interpolation)},
          {"pad", o.pad},
          {"pad_mode", name_in(kPadModes, o.pad_mode)},
          {"flip", o.flip}};
}

json eval_json(const EvalRunOptions& o) {
  return {{"size", o.transform.size},
          {"resize", o.transform.resize},
          {"interpolation", name_in(kInterpolations, o.transform.interpolation)},
          {"batch", o.batch},
          {"flip", o.flip},
          {"every_epochs", o.every_epochs}};
}

json train_json(const RunOptions& o) {
  json j{{"epochs", o.epochs},
         {"batch", o.batch},
         {"accumulate", o.accumulate},
         {"max_steps", o.max_steps},
         {"seed", o.seed},
         {"label_smoothing", o.label_smoothing},
         {"precision", name_in(kPrecisions, o.precision)},
         {"sync_bn", o.sync_bn},
         {"broadcast_buffers", o.broadcast_buffers},
         {"channels_last", o.channels_last},
         {"tf32", o.tf32},
         {"threads", o.threads}};
  if (o.deterministic) j["deterministic"] = *o.deterministic;
  return j;
}

json optimizer_json(const optim::OptimizerOptions& o, double lr) {
  json groups = json::array();
  for (const optim::GroupRule& rule : o.groups) {
    json group{{"pattern", rule.pattern}};
    if (rule.weight_decay) group["weight_decay"] = *rule.weight_decay;
    if (rule.lr_scale) group["lr_scale"] = *rule.lr_scale;
    groups.push_back(std::move(group));
  }
  return {{"name", name_in(kOptimizers, o.kind)},
          {"lr", lr},
          {"momentum", o.momentum},
          {"nesterov", o.nesterov},
          {"betas", {o.beta1, o.beta2}},
          {"eps", o.eps},
          {"weight_decay", o.weight_decay},
          {"groups", groups}};
}

json schedule_json(const ScheduleRunOptions& o) {
  return {{"name", name_in(kSchedules, o.kind)},
          {"warmup_epochs", o.warmup_epochs},
          {"warmup_from", o.warmup_from},
          {"final_lr", o.final_lr}};
}

json checkpoint_json(const CheckpointOptions& o) {
  return {{"every_epochs", o.every_epochs},
          {"every_steps", o.every_steps},
          {"keep", o.keep},
          {"resume", name_in(kResumes, o.resume)}};
}

json log_json(const RunOptions& o) {
  return {{"every", o.log_every},
          {"samples", o.log_samples},
          {"tensorboard", o.tensorboard},
          {"wandb", o.wandb},
          {"wandb_project", o.wandb_project}};
}

std::string text_of(const StepSpan& span) {
  return span.first == 0 ? "" : fmt::format("{}-{}", span.first, span.last);
}

}  // namespace

std::string own_config(const RunOptions& options, const models::Model& model,
                       const data::Source& train, const data::Source& val) {
  json config{{"data", data_json(options.data, train, val)},
              {"model", model_json(model)},
              {"augment", augment_json(options.augment)},
              {"eval", eval_json(options.eval)},
              {"train", train_json(options)},
              {"optimizer", optimizer_json(options.optimizer, options.schedule.lr)},
              {"schedule", schedule_json(options.schedule)},
              {"checkpoint", checkpoint_json(options.checkpoint)},
              {"log", log_json(options)},
              {"profile", {{"steps", text_of(options.profile)}}},
              {"run", {{"dir", options.folder.string()}}},
              {"dist", {{"compress", name_in(kCompressions, options.compress)}}}};
  check_and_complete(config, [](std::string_view) { return std::string("RunOptions"); });
  return config.dump(2);
}

}  // namespace imgcls::train
