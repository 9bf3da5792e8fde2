#pragma once
// A run for Weights & Biases: the folder wandb/offline-run-TIME-ID/ that the client's `wandb sync`
// uploads.
//
// Its history has the figures of steps.csv as train/..., those of train_log.csv as
// train/epoch_loss and val/..., and `step`, over which they are drawn. With it come the
// configuration, a summary of the newest figures, this process's use of the machine, and the lines
// of log.txt as the output.

#include <imgcls/log/step_log.h>
#include <imgcls/log/train_log.h>
#include <imgcls/log/wandb_file.h>
#include <imgcls/log/wandb_message.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::report {

/// What Weights & Biases is told of a run.
struct WandbOptions {
  std::string project = "imgcls";  ///< what the run belongs to
  std::string name;                ///< of the run
  std::string config;              ///< the configuration as JSON text, an object; may be empty
  std::span<const EvalFigure> figures = kEvalFigures;  ///< of evaluations
};

/// The folders below `run`/wandb that `wandb sync` takes, oldest first.
std::vector<std::filesystem::path> wandb_folders(const std::filesystem::path& run);

/// Writes the folder of one run, and goes on with it in later sessions.
class WandbRun {
 public:
  /// Goes on with the newest run in `folder`/wandb, or begins one. Rows of steps after `step` and
  /// of evaluations after `evaluated` are removed, with all that follows them, and so is what a
  /// killed process left half-written. `log` is the run's log.txt, of whose lines those are added
  /// that the run does not have. All members throw IoError; what could not be written is then
  /// written with what comes next.
  WandbRun(const std::filesystem::path& folder, std::filesystem::path log,
           const WandbOptions& options, std::int64_t step, std::int64_t evaluated);

  /// Adds a row to the history, with what the process uses of the machine.
  void step(const StepRow& row);
  void evaluation(const TrainLogRow& row);  ///< adds a row to the history
  /// The session has ended after `time_s` of the run, which is complete or goes on later.
  void end(bool complete, double time_s);
  /// Writes what could not be written.
  void retry() { file_->flush(); }

 private:
  void begin(std::string_view id, const WandbOptions& options);
  void begin_session();
  void add_row(std::span<const wandb::Figure> figures, double time_s);
  void add_system_figures();
  void add_output();

  std::filesystem::path log_;
  std::span<const EvalFigure> figures_;
  std::unique_ptr<WandbFile> file_;
  bool begun_ = false;          // whether the file says what run it is
  std::int64_t rows_ = 0;       // of the history
  std::int64_t lines_ = 0;      // of the log, in the file
  std::uint64_t log_read_ = 0;  // bytes of the log, in the file
  double cpu_s_ = 0;            // of this process, at `measured_`
  std::chrono::steady_clock::time_point measured_ = std::chrono::steady_clock::now();
};

}  // namespace imgcls::report
