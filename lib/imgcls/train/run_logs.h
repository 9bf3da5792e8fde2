#pragma once
// What rank 0 writes into a run's folder while it trains, for programs and people to read
// afterwards or meanwhile. What it says on the terminal is train/console_logger.h's. Internal to
// train/.

#include <imgcls/train/options.h>
#include <imgcls/train/run_sink.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::train {

/// All sinks of a run (train/run_sink.h). Where it goes on from an earlier step, what is of later
/// ones is removed first, so that no step is missing or comes twice.
///
/// No file is worth a run: one that cannot be written (a full disk, a quota) is warned of once and
/// tried again with what comes next for it, and `end` names those that lack something.
class RunLogs {
 public:
  /// Is told what could not be written, and why.
  using Warn = std::function<void(const std::string&)>;

  /// For a run on `train` that goes on after `step` steps and after the evaluations up to step
  /// `evaluated`. `config` is the configuration as JSON text; it may be empty. Throws IoError, as
  /// no other member does: nothing is lost yet.
  RunLogs(const RunFiles& files, const RunOptions& options, const data::Source& train,
          std::int64_t step, std::int64_t evaluated, const std::string& config, Warn warn);

  void step(const report::StepRow& row);  ///< every `log.every` steps
  /// The first batch of a session, for step `step`.
  void first_batch(const data::Batch& batch, std::int64_t step);
  /// The samples a step was trained on, the ranks' shares in order; with log.samples only.
  void samples(const Position& position, std::span<const std::string> shares);
  /// An evaluation of `model` on `source`.
  void evaluation(const report::TrainLogRow& row, const EvalCounts& counts,
                  const EvalDetails& details, const data::Source& source,
                  const models::Model& model);
  /// The session has ended after `time_s` of the run: it is complete, or goes on later.
  void end(bool complete, double time_s);

 private:
  /// What sinks are told.
  enum class Told { step, first_batch, samples, evaluation, end };
  void tell(Told what, const std::function<void(RunSink&)>& say);

  /// What a sink failed at, and the system's reason. It has what it lacked when it is told the same
  /// again, or the end: a sink that does not listen to something has not written it.
  struct Failure {
    Told what;
    std::string reason;
  };

  Warn warn_;
  std::vector<std::unique_ptr<RunSink>> sinks_;
  std::map<std::filesystem::path, Failure> incomplete_;
};

}  // namespace imgcls::train
