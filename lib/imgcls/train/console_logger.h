#pragma once
// What a run says: log lines, the progress line, a table of evaluations. Rank 0's speaks; the other
// ranks' are silent but for warnings. Internal to train/.

#include <imgcls/core/log.h>
#include <imgcls/data/loader.h>
#include <imgcls/dist/world.h>
#include <imgcls/log/progress.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/log/train_log.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/trainer.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace imgcls::train {

/// The fixed numbers of a run.
struct RunShape {
  std::string model;                             ///< its name in the registry
  std::int64_t parameters = 0, trained = 0;      ///< values: all, and those that are not frozen
  std::size_t train_images = 0, val_images = 0;  ///< of the two sources
  /// Batches of an epoch, and images of each over all ranks.
  std::size_t steps_per_epoch = 0, batch = 0;
  std::int64_t last_step = 0;             ///< after which the run ends, by its epochs or max_steps
  int epochs = 0;                         ///< RunOptions::epochs
  Precision precision = Precision::fp32;  ///< as resolved for the device
  int shards = 0;                         ///< RunOptions::shards
  bool multi_label = false;               ///< DataOptions::multi_label
};

/// Where training stands, for a progress line.
struct StepStatus {
  Position position;  ///< after the steps that are done
  double loss = 0;    ///< mean of the epoch so far
  double lr = 0;      ///< of the last step
  /// Estimated seconds to the end of the epoch, and of the run.
  double epoch_eta_s = 0, run_eta_s = 0;
  double data_wait = 0;  ///< share of the time
};

/// A rank's voice on the terminal and, on rank 0, in the run's log file.
class ConsoleLogger {
 public:
  explicit ConsoleLogger(const dist::World& world);  ///< on rank 0 it speaks, else it warns

  const Log& log() const { return log_; }  ///< for lines of others between its own

  /// From now on also into the run's files.
  void open(const RunFiles& files);

  /// The run's first lines; `resumed_from` is empty for a new run.
  void begin(const RunShape& shape, const dist::World& world, const std::filesystem::path& folder,
             const Position& position, const std::string& resumed_from);
  /// An epoch of training, `consumed` samples into it, or an evaluation begins.
  void begin_phase(std::size_t consumed = 0);
  /// Seconds since then.
  double phase_seconds() const;
  /// Whether `step` wants to be called for the progress line.
  bool wants_step() const;
  /// A step is done: draws the progress line, and writes it as a line where `write`.
  void step(const StepStatus& status, bool write);
  /// Batches of an evaluation, or of what prepares it, are done.
  void batches(std::string_view what, std::size_t done, std::size_t total, std::size_t images,
               const Position& position);
  /// An evaluation is done: a row of a table, whose head comes again after a screenful.
  void epoch(const report::TrainLogRow& row);
  /// Lets other text come: removes the progress line.
  void clear();
  /// How configuration or data differ from those the run began with.
  void changed(const std::string& change);
  /// Evaluations are no longer better: the learning rate from now on.
  void lowers_rate(double lr);
  /// What was frozen is trained from here on.
  void unfrozen(const RunShape& shape, const Position& position);
  /// The run ends before its last epoch does, and why.
  void ends_early(const std::string& why);
  /// An error is about to end the run: what was trained is saved, or cannot be.
  void saved_before_failing(const std::filesystem::path& checkpoint);
  /// An error ends the run and nothing was saved, since the last checkpoint where there is any.
  void not_saved(const std::string& why, bool any_checkpoint);
  /// A warning, in a line of its own.
  void warn(const std::string& message);
  /// The run's last lines.
  void end(const TrainResult& result, const RunFiles& files);
  /// Where the time of the profiled steps went, and rank 0's trace.
  void profile(const StepTimes& times, const std::filesystem::path& trace);
  /// Images that could not be read, of this rank.
  void skipped(const data::Loader& loader) const;

 private:
  void warn_of_slow_precision(Precision precision) const;
  void warn_of_few_cores(int cores) const;

  Log log_;
  RunShape shape_;
  std::unique_ptr<report::Progress> progress_;  // rank 0
  int rows_ = 0;                                // of the table of evaluations
  std::chrono::steady_clock::time_point phase_start_;
  std::size_t phase_consumed_ = 0;  // samples of the epoch before the phase
};

}  // namespace imgcls::train
