#pragma once
// Measures training between two rows of steps.csv. Internal to train/.

#include <chrono>
#include <cstdint>

namespace imgcls::train {

/// What a rank measured since the last row. Evaluations and saves are not in it.
struct StepFigures {
  double seconds = 0;       ///< measured
  double waited_s = 0;      ///< of these, for data
  std::int64_t images = 0;  ///< of all ranks

  /// Of all ranks; 0 before the first step.
  double images_per_second() const {
    return seconds > 0 ? static_cast<double>(images) / seconds : 0;
  }
  /// Share of the time that went by waiting for data, 0 to 1.
  double data_wait() const { return seconds > 0 ? waited_s / seconds : 0; }
};

/// A clock of the training loop: what of its time is waiting for data.
class StepMeter {
 public:
  /// Training begins, or goes on after something else.
  void resume() { mark_ = Clock::now(); }
  /// The data for a step has come.
  void has_data();
  /// A step of `images` images over all ranks is done.
  void has_stepped(std::int64_t images);
  /// What was measured since the last call.
  StepFigures take();
  /// What was measured since the last take, which goes on.
  const StepFigures& figures() const { return figures_; }
  /// Of the last step alone.
  const StepFigures& last() const { return last_; }

 private:
  using Clock = std::chrono::steady_clock;
  double lap();

  Clock::time_point mark_ = Clock::now();
  StepFigures figures_, last_;
};

}  // namespace imgcls::train
