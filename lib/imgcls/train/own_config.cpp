#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/schema.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/own_config.h>
#include <imgcls/train/run_fields.h>

#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kGivenByProgram = "(given by a program)";

/// Where the images lie is what the sources say, unless they were opened elsewhere than they lie.
DataOptions describe(DataOptions o, const data::Source& train, const data::Source& val) {
  const data::Origin from = train.origin(), to = val.origin();
  const bool known = !from.format.empty() && from.format == to.format;
  if (!known || !o.stage_dir.empty()) {
    if (o.root.empty()) o.root = kGivenByProgram;
    return o;
  }
  const fs::path root = from.path.parent_path();
  o.format = from.format;
  o.root = root.empty() ? "." : root.string();
  o.train = from.path.filename().string();
  // An absolute path below `root` is itself.
  const bool beside = to.path.parent_path() == root;
  o.val = beside ? to.path.filename().string() : fs::absolute(to.path).string();
  o.image_key = from.image_key;
  o.classes.clear();
  if (from.format == "idx" || from.format == "list") o.classes = train.classes();
  return o;
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
  json config{{"data", data_fields().write(describe(options.data, train, val))},
              {"model", model_fields().write(describe(model, options.model))},
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
              {"run", run_folder_fields().write({options.folder.string()})},
              {"dist", dist_fields().write(options)}};
  check_and_complete(config, [](std::string_view) { return std::string("RunOptions"); });
  return config.dump(2);
}

}  // namespace imgcls::train
