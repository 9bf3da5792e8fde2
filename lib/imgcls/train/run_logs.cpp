#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/run_logs.h>

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace imgcls::train {
namespace {

/// The last part of a folder's path, also where that ends with a slash or is ".".
std::string name_of(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename();
}

}  // namespace

RunLogs::RunLogs(const RunFiles& files, const RunOptions& options, std::int64_t step,
                 std::int64_t evaluated, const std::string& config, Warn warn)
    : files_(files),
      warn_(std::move(warn)),
      train_log_(files.train_log(), evaluated),
      step_log_(files.steps(), step) {
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

void RunLogs::attempt(const std::filesystem::path& file, const std::function<void()>& write) {
  try {
    write();
    incomplete_.erase(file);
  } catch (const IoError& e) {
    const bool is_new = incomplete_.insert_or_assign(file, e.what()).second;
    if (is_new) warn_(fmt::format("{}; the training goes on, and it is tried again", e.what()));
  }
}

void RunLogs::step(const report::StepRow& row) {
  attempt(files_.steps(), [&] { step_log_.append(row); });
  if (event_log_) attempt(files_.tensorboard(), [&] { event_log_->step(row); });
  if (wandb_run_) attempt(files_.wandb(), [&] { wandb_run_->step(row); });
}

void RunLogs::first_batch(const data::Batch& batch, std::int64_t step) {
  if (event_log_) attempt(files_.tensorboard(), [&] { event_log_->augmented(batch, step); });
}

void RunLogs::samples(const Position& position, std::span<const std::string> shares) {
  if (!sample_log_) return;
  attempt(files_.samples(),
          [&] { sample_log_->append(position.step, position.epoch + 1, shares); });
}

void RunLogs::evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                         const EvalDetails& details, const data::Source& source,
                         const models::Model& model) {
  attempt(files_.evaluation(), [&] { write_evaluation(counts, details, source, row.step); });
  attempt(files_.train_log(), [&] { train_log_.append(row); });
  if (wandb_run_) attempt(files_.wandb(), [&] { wandb_run_->evaluation(row); });
  if (event_log_) {
    attempt(files_.tensorboard(), [&] { event_log_->evaluation(row, files_.evaluation(), model); });
  }
}

/// In one step: a reader sees the files of one evaluation.
void RunLogs::write_evaluation(const EvalCounts& counts, const EvalDetails& details,
                               const data::Source& source, std::int64_t step) const {
  const std::filesystem::path temporary = files_.folder / ".eval.tmp";
  remove_tree(temporary);
  try {
    write_eval_files(temporary, counts, details, source, {.step = step, .weights = {}});
    replace_folder(temporary, files_.evaluation());
  } catch (const IoError&) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);  // a full disk needs the room
    throw;
  }
}

void RunLogs::end(bool complete, double time_s) {
  attempt(files_.steps(), [&] { step_log_.retry(); });
  if (sample_log_) attempt(files_.samples(), [&] { sample_log_->retry(); });
  if (event_log_) attempt(files_.tensorboard(), [&] { event_log_->flush(); });
  if (wandb_run_) attempt(files_.wandb(), [&] { wandb_run_->end(complete, time_s); });
  if (incomplete_.contains(files_.train_log())) {
    attempt(files_.train_log(), [&] { train_log_.retry(); });
  }
  for (const auto& [file, reason] : incomplete_) {
    warn_(fmt::format("{} is not complete: {}", file.string(), reason));
  }
}

}  // namespace imgcls::train
