#pragma once
// What rank 0 writes into a run's folder while it trains, for programs and people to read
// afterwards or meanwhile. What it says on the terminal is train/narrator.h's.

#include <imgcls/data/source.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/log/sample_log.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/train_log.h>
#include <imgcls/log/wandb_run.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/eval_details.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/event_log.h>
#include <imgcls/train/options.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace imgcls::train {

/// The tables of a run, and what TensorBoard and Weights & Biases show. Where it goes on from an
/// earlier step, what is of later ones is removed first, so that no step is missing or comes twice.
///
/// No file is worth a run: one that cannot be written (a full disk, a quota) is warned of once and
/// tried again with what comes next for it, and `end` names those that lack something.
class RunLogs {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// For a run that goes on after `step` steps and after the evaluations up to step `evaluated`.
  /// `config` is the configuration as JSON text; it may be empty. Throws IoError, as no other
  /// member does: nothing is lost yet.
  RunLogs(const RunFiles& files, const RunOptions& options, std::int64_t step,
          std::int64_t evaluated, const std::string& config, Warn warn);

  void step(const report::StepRow& row);
  /// The first batch of a session, for step `step`.
  void first_batch(const data::Batch& batch, std::int64_t step);
  /// The samples a step was trained on, the ranks' shares in order; with log.samples only.
  void samples(const Position& position, std::span<const std::string> shares);
  /// An evaluation of `model` on `source`: a row of train_log.csv, and the files of eval/.
  void evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                  const EvalDetails& details, const data::Source& source,
                  const models::Model& model);
  /// The session has ended after `time_s` of the run: it is complete, or goes on later.
  void end(bool complete, double time_s);

 private:
  void attempt(const std::filesystem::path& file, const std::function<void()>& write);
  void write_evaluation(const EvalCounts& counts, const EvalDetails& details,
                        const data::Source& source, std::int64_t step) const;

  RunFiles files_;
  Warn warn_;
  report::TrainLog train_log_;
  report::StepLog step_log_;
  std::unique_ptr<report::SampleLog> sample_log_;
  std::unique_ptr<EventLog> event_log_;
  std::unique_ptr<report::WandbRun> wandb_run_;
  std::map<std::filesystem::path, std::string> incomplete_;  // files, and the system's reason
};

}  // namespace imgcls::train
