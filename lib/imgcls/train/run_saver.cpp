#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/checkpoint_files.h>
#include <imgcls/train/run_saver.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

std::string best_json(const Position& position, const EvalCounts& counts) {
  nlohmann::json j{{"step", position.step},
                   {"metric", name_in(kMetrics, position.best.metric)},
                   {"value", position.best.value},
                   {"val_loss", counts.loss()},
                   {"images", counts.images}};
  if (counts.multi_label) {
    j["val_map"] = 100 * counts.multi_label->map();
  } else {
    j["val_acc1"] = counts.acc1();
    j["val_acc5"] = counts.acc5();
  }
  return j.dump(2) + "\n";
}

/// The model that a configuration names; empty where there is none.
std::string model_name(const std::string& config) {
  const auto j = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
  return j.is_object() && j.contains("model") ? j.at("model").value("name", "") : "";
}

/// A run that diverged, or was killed early, leaves files without a checkpoint.
void require_no_other_model(const RunFiles& files, const std::string& config) {
  std::error_code ignored;
  if (!fs::exists(files.config(), ignored)) return;
  const std::string theirs = model_name(read_text(files.config())), ours = model_name(config);
  if (theirs.empty() || theirs == ours) return;
  throw ConfigError(fmt::format(
      "{} holds the files of a run of {} that left no checkpoint; choose another run.dir for {}, "
      "or remove that folder",
      files.folder.string(), theirs, ours));
}

}  // namespace

RunSaver::RunSaver(RunFiles files, const CheckpointOptions& options, RunIdentity identity,
                   dist::World& world, ConsoleLogger& console)
    : files_(std::move(files)),
      options_(options),
      identity_(std::move(identity)),
      world_(world),
      console_(console),
      checkpoints_(files_.checkpoints(), options.keep, files_.last()) {}

std::string RunSaver::find() const {
  std::string found;
  dist::agree(world_, [&] {
    if (!world_.is_first()) return;
    remove_tree(best_being_written());  // of a run that was killed
    if (const auto newest = checkpoints_.recover(console_.log())) found = newest->string();
    if (!found.empty() && options_.resume == Resume::never) {
      throw ConfigError(fmt::format(
          "{} holds the checkpoints of an earlier run: choose another run.dir, or go on with "
          "checkpoint.resume=auto",
          files_.folder.string()));
    }
    if (found.empty()) require_no_other_model(files_, identity_.config);
  });
  return world_.broadcast(found);
}

Position RunSaver::load(const std::string& checkpoint, const Training& training,
                        std::vector<std::string>& changes) {
  const bool may_change = options_.resume == Resume::changed;
  saved_ = load_checkpoint(checkpoint, training, identity_, may_change ? &changes : nullptr);
  any_ = true;
  return *saved_;
}

bool RunSaver::has(const Position& position) const {
  return has_step(position.step) && saved_->epoch == position.epoch &&
         saved_->best == position.best && saved_->plateau == position.plateau;
}

void RunSaver::save(const Training& training, const Position& position, Saving saving) {
  if (has(position)) return;
  console_.clear();
  bool failed = false;  // on rank 0
  dist::agree(world_, [&] {
    if (!world_.is_first()) return;
    try {
      write(training, position);
    } catch (const IoError& e) {
      if (saving == Saving::last) throw;
      failed = true;
      // What fails before an evaluation is tried again after it; that is one checkpoint.
      if (std::exchange(missed_, position.step) == position.step) return;
      console_.warn(fmt::format(
          "{}; the training goes on without this checkpoint, and the next is tried", e.what()));
    }
  });
  if (world_.max(failed ? 1 : 0) != 0) return;
  saved_ = position;
  any_ = true;
}

/// On rank 0.
void RunSaver::write(const Training& training, const Position& position) {
  if (has_step(position.step)) {  // an evaluation has been made, nothing else
    try {
      checkpoints_.move(position);
      return;
    } catch (const IoError&) {  // it may have been removed
    } catch (const CheckpointError&) {
    }
  }
  checkpoints_.save(training, position, identity_, console_.log());
}

void RunSaver::save_best(const models::Model& model, Recipe& recipe, const Position& position,
                         const EvalCounts& counts) {
  const fs::path making = best_being_written();
  const auto write_best = [&] {
    if (!world_.is_first()) return 0;
    try {
      write_or_remove(making, [&] {
        models::write_safetensors(making / kWeightsFile, models::state(model));
        replace_file(making / "best.json", best_json(position, counts));
        sync_folder(making);
        replace_folder(making, files_.best());
      });
    } catch (const IoError& e) {
      console_.warn(fmt::format("{}; the training goes on without these best weights", e.what()));
    }
    return 0;
  };
  dist::agree(world_, [&] { recipe.with_weights_to_evaluate(write_best); });
}

}  // namespace imgcls::train
