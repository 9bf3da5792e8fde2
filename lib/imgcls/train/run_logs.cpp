#include <imgcls/core/file.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/run_logs.h>

namespace imgcls::train {

RunLogs::RunLogs(const RunFiles& files, const RunOptions& options, std::int64_t step)
    : files_(files), train_log_(files.train_log(), step), step_log_(files.steps(), step) {
  if (options.log_samples) sample_log_ = std::make_unique<report::SampleLog>(files.samples(), step);
}

void RunLogs::step(const report::StepRow& row) {
  step_log_.append(row);
}

void RunLogs::samples(const Position& position, std::span<const std::string> shares) {
  if (sample_log_) sample_log_->append(position.step, position.epoch + 1, shares);
}

void RunLogs::evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                         const EvalDetails& details, const data::Source& source) {
  // In one step: a reader sees the files of one evaluation.
  const std::filesystem::path temporary = files_.folder / ".eval.tmp";
  remove_tree(temporary);
  write_eval_files(temporary, counts, details, source, {.step = row.step, .weights = {}});
  replace_folder(temporary, files_.evaluation());
  train_log_.append(row);
}

}  // namespace imgcls::train
