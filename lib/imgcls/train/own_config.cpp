#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/schema.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/own_config.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kGivenByProgram = "(given by a program)";

json data_json(const DataOptions& o, const data::Source& train, const data::Source& val) {
  json j = data_fields().write(o);
  j["root"] = kGivenByProgram;
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
  if (from.format == "idx" || from.format == "list") {
    j["classes"] = json::array();
    for (const std::string& name : train.classes()) j["classes"].push_back(quote_name(name));
  }
  return j;
}

json model_json(const RunOptions& options, const models::Model& model) {
  json j{{"name", model.name()},
         {"freeze", model.frozen_parts()},
         {"unfreeze_epoch", options.unfreeze_epoch}};
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

/// A program's own teacher is told of by its name.
json distillation_json(const DistillationOptions& o) {
  json j = distillation_fields().write(o);
  if (o.teacher && o.model.empty() && o.run.empty()) {
    j["model"] = o.teacher->name();
    j["weights"] = kGivenByProgram;
  }
  return j;
}

}  // namespace

std::string own_config(const RunOptions& options, const models::Model& model,
                       const data::Source& train, const data::Source& val) {
  json config{{"data", data_json(options.data, train, val)},
              {"model", model_json(options, model)},
              {"augment", data::write_augment(options.augment)},
              {"progressive", progressive_fields().write(options.progressive)},
              {"eval", eval_fields().write(options.eval)},
              {"train", train_fields().write(options)},
              {"optimizer",
               write_chosen(optim::optimizer_fields(), optim::optimizers(), options.optimizer)},
              {"schedule", write_chosen(schedule_fields(), optim::schedules(), options.schedule)},
              {"erase", erase_fields().write(options.erase)},
              {"mix", write_mix(options.mix)},
              {"loss", write_chosen(loss_fields(), losses(), options.loss)},
              {"distillation", distillation_json(options.distillation)},
              {"sam", sam_fields().write(options.sam)},
              {"clip", write_chosen(clip_fields(), clips(), options.clip)},
              {"average", write_chosen(average_fields(), averages(), options.average)},
              {"checkpoint", checkpoint_fields().write(options.checkpoint)},
              {"log", log_fields().write(options)},
              {"profile", profile_fields().write(options)},
              {"run", {{"dir", options.folder.string()}}},
              {"dist", dist_fields().write(options)}};
  check_and_complete(config, [](std::string_view) { return std::string("RunOptions"); });
  return config.dump(2);
}

}  // namespace imgcls::train
