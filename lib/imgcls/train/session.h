#pragma once
// What a Trainer holds, and its loop (session.cpp); what it reports (session_report.cpp). What it
// saves is run_saver.h's, how it evaluates run_evaluator.h's. Internal to train/.

#include <imgcls/dist/agree.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/train/console_logger.h>
#include <imgcls/train/crowding.h>
#include <imgcls/train/epoch_loss.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/run_evaluator.h>
#include <imgcls/train/run_logs.h>
#include <imgcls/train/run_saver.h>
#include <imgcls/train/step_meter.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/step_readings.h>
#include <imgcls/train/termination_signals.h>
#include <imgcls/train/trainer.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace imgcls::train {

/// A run, from where it stands to its end or until it is stopped.
class Trainer::Session {
 public:
  /// The Trainer's arguments, and its errors.
  Session(models::Model model, std::shared_ptr<const data::Source> train,
          std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
          std::string config);

  TrainResult run();  ///< as Trainer::run

 private:
  using Clock = std::chrono::steady_clock;

  void train();
  void check_sources();
  void open_folder();
  void start_or_resume();
  void fit_position();
  void warn_of_other_bits(const std::string& found);
  std::int64_t find_last_step() const;
  void open_files(std::span<const std::string> changes);
  void train_epoch();
  const data::Batch* next_batch();
  void one_step(const data::Batch& batch);
  void report_step();
  void look_at_cores();
  void begin_row();
  void finish_row();
  /// A program's callback. All ranks call this, those without that callback too.
  template <class Done>
  void call(const std::function<void(const Done&)>& callback, const Done& done) {
    dist::agree(world_, [&] {
      if (callback) callback(done);
    });
  }
  void end_profile();
  int wish_to_stop() const;
  void end_early();
  void end_epoch();
  bool prepare_evaluation();
  bool evaluate(int epoch, double train_loss);
  void compare(const EvalCounts& counts);
  void adapt_rate(const EvalCounts& counts);
  void report_evaluation(const EvalCounts& counts, const EvalDetails& details, int epoch,
                         double train_loss);
  void save(RunSaver::Saving saving);
  void save_before_failing(const std::string& failure);
  RunShape shape() const;
  StepStatus status(double loss) const;

  bool is_logged(std::int64_t step) const { return step % options_.log_every == 0; }
  bool epoch_is_complete() const { return position_.consumed == batches_ * options_.batch; }
  /// Steps of the schedule done: those of complete epochs as long as they are now, and the epoch's.
  /// Not `position_.step` where a run goes on with another batch or other data.
  std::int64_t scheduled() const {
    return static_cast<std::int64_t>(position_.epoch * batches_ +
                                     position_.consumed / options_.batch);
  }
  bool is_finished() const { return position_.step >= last_step_; }
  bool has_lost_patience() const {
    return options_.patience > 0 && position_.best.since >= options_.patience;
  }
  bool is_out_of_time() const {
    return options_.max_hours > 0 && elapsed() >= options_.max_hours * 3600;
  }
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
  ConsoleLogger console_;
  std::shared_ptr<const data::Source> train_source_, val_source_;
  RunFiles files_;
  RunSaver saver_;
  std::unique_ptr<RunFolder> folder_;  // rank 0
  std::unique_ptr<RunLogs> logs_;      // rank 0
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<RunEvaluator> evaluator_;
  StepProfiler profiler_;
  TerminationSignals signals_;

  std::size_t batches_ = 0;     // global batches of an epoch
  std::int64_t last_step_ = 0;  // of the run
  Position position_;           // loss_sum and elapsed_s: as of the start of this session
  EpochLoss loss_;
  StepMeter meter_;
  bool watches_steps_ = false;            // a rank has a callback for them
  at::Tensor step_loss_, gradient_norm_;  // of the last step that is read, that is logged
  StepReadings readings_;
  /// What is known of a step that is logged or told of before its figures have come from the
  /// device.
  struct Row {
    report::StepRow figures;
    StepStatus status;
    bool is_logged = true;
    double images_per_second = 0;  ///< in this step
  };
  std::optional<Row> row_;
  std::optional<CoreTimes> cores_since_;  // in this epoch
  bool warned_of_crowding_ = false;
  int stop_signal_ = 0;
  std::optional<EvalCounts> last_eval_;
  std::optional<double> train_loss_;  // of the last epoch

  // For estimates, of this session.
  Clock::time_point session_start_ = Clock::now();
  std::int64_t timed_steps_ = 0;
  double timed_s_ = 0;
};

}  // namespace imgcls::train
