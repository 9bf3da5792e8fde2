#pragma once
// What a Trainer holds, and its loop (session.cpp); what it reports (session_report.cpp).

#include <imgcls/log/run_folder.h>
#include <imgcls/train/epoch_loss.h>
#include <imgcls/train/narrator.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/run_logs.h>
#include <imgcls/train/step_meter.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/step_readings.h>
#include <imgcls/train/stop.h>
#include <imgcls/train/trainer.h>

#include <chrono>
#include <span>
#include <string>

namespace imgcls::train {

/// A run, from where it stands to its end or until it is stopped.
class Trainer::Session {
 public:
  Session(models::Model model, std::shared_ptr<const data::Source> train,
          std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
          std::string config);

  TrainResult run();

 private:
  using Clock = std::chrono::steady_clock;

  void train();
  void check_sources();
  void open_folder();
  void start_or_resume();
  std::string find_checkpoint();
  void go_on_from(const std::string& checkpoint);
  void fit_position();
  void open_files(std::span<const std::string> changes);
  void train_epoch();
  const data::Batch* next_batch();
  void one_step(const data::Batch& batch);
  void report_step();
  void begin_row();
  void finish_row();
  void end_profile();
  void end_epoch();
  void report_evaluation(const EvalCounts& counts, const EvalDetails& details, int epoch,
                         double train_loss);
  EvalCounts evaluate_now(EvalDetails& details);
  /// What a checkpoint that cannot be written is: tried again at the next, or the run's failure.
  enum class Saving { periodic, last };
  void save(Saving saving);
  void write_checkpoint(const Position& now);
  void save_before_failing();
  RunShape shape() const;
  StepStatus status(double loss) const;

  bool epoch_is_complete() const { return position_.consumed == batches_ * options_.batch; }
  /// Steps of the schedule done: those of complete epochs as long as they are now, and the epoch's.
  /// Not `position_.step` where a run goes on with another batch or other data.
  std::int64_t scheduled() const {
    return static_cast<std::int64_t>(position_.epoch * batches_ +
                                     position_.consumed / options_.batch);
  }
  bool is_finished() const { return position_.step >= last_step_; }
  double elapsed() const { return position_.elapsed_s + session_seconds(); }
  double session_seconds() const {
    return std::chrono::duration<double>(Clock::now() - session_start_).count();
  }
  Training training() {
    return {.model = replica_->model(),
            .optimizer = replica_->optimizer(),
            .scaler = replica_->scaler(),
            .recipe = replica_->recipe().state()};
  }

  RunOptions options_;
  dist::World& world_;
  Narrator narrator_;
  std::shared_ptr<const data::Source> train_source_, val_source_;
  RunIdentity identity_;
  RunFiles files_;
  Checkpoints checkpoints_;
  std::unique_ptr<RunFolder> folder_;  // rank 0
  std::unique_ptr<RunLogs> logs_;      // rank 0
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<data::Loader> val_loader_;
  StepProfiler profiler_;
  StopSignals signals_;

  std::size_t batches_ = 0;     // global batches of an epoch
  std::int64_t last_step_ = 0;  // of the run
  Position position_;           // loss_sum and elapsed_s: as of the start of this session
  EpochLoss loss_;
  StepMeter meter_;
  at::Tensor step_loss_, gradient_norm_;  // of the last step that is logged
  StepReadings readings_;
  /// What is known of a step that is logged before its figures have come from the device.
  struct Row {
    report::StepRow figures;
    StepStatus status;
  };
  std::optional<Row> row_;
  int stop_signal_ = 0;
  std::optional<EvalCounts> last_eval_;
  std::optional<Position> saved_;  // the newest checkpoint's
  std::int64_t missed_ = -1;       // the step of the last one that could not be written; rank 0

  // For estimates, of this session.
  Clock::time_point session_start_ = Clock::now();
  std::int64_t timed_steps_ = 0;
  double timed_s_ = 0, eval_s_ = 0;
};

}  // namespace imgcls::train
