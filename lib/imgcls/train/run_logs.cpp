#include <imgcls/core/file.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/run_logs.h>

namespace imgcls::train {
namespace {

/// The last part of a folder's path, also where that ends with a slash or is ".".
std::string name_of(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename();
}

}  // namespace

RunLogs::RunLogs(const RunFiles& files, const RunOptions& options, std::int64_t step,
                 std::int64_t evaluated, const std::string& config)
    : files_(files), train_log_(files.train_log(), evaluated), step_log_(files.steps(), step) {
  if (options.log_samples) sample_log_ = std::make_unique<report::SampleLog>(files.samples(), step);
  if (options.tensorboard) {
    event_log_ = std::make_unique<EventLog>(files.tensorboard(), step, evaluated, config);
  }
  if (options.wandb) {
    const report::WandbOptions shown{
        .project = options.wandb_project, .name = name_of(files.folder), .config = config};
    wandb_run_ =
        std::make_unique<report::WandbRun>(files.folder, files.log(), shown, step, evaluated);
  }
}

void RunLogs::step(const report::StepRow& row) {
  step_log_.append(row);
  if (event_log_) event_log_->step(row);
  if (wandb_run_) wandb_run_->step(row);
}

void RunLogs::first_batch(const data::Batch& batch, std::int64_t step) {
  if (event_log_) event_log_->augmented(batch, step);
}

void RunLogs::samples(const Position& position, std::span<const std::string> shares) {
  if (sample_log_) sample_log_->append(position.step, position.epoch + 1, shares);
}

void RunLogs::evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                         const EvalDetails& details, const data::Source& source,
                         const models::Model& model) {
  // In one step: a reader sees the files of one evaluation.
  const std::filesystem::path temporary = files_.folder / ".eval.tmp";
  remove_tree(temporary);
  write_eval_files(temporary, counts, details, source, {.step = row.step, .weights = {}});
  replace_folder(temporary, files_.evaluation());
  train_log_.append(row);
  if (wandb_run_) wandb_run_->evaluation(row);
  if (!event_log_) return;
  event_log_->evaluation(row, files_.evaluation());
  event_log_->parameters(model, row.step);
}

void RunLogs::end(bool complete, double time_s) {
  if (wandb_run_) wandb_run_->end(complete, time_s);
}

}  // namespace imgcls::train
