#pragma once
// The schedule that goes by evaluations: what it remembers of them, and the rate that follows.

#include <cstdint>
#include <optional>

namespace imgcls::optim {

struct ScheduleOptions;

/// The evaluations so far, as torch.optim.lr_scheduler.ReduceLROnPlateau counts them. A checkpoint
/// keeps it; the rate is a function of `reductions` alone (ScheduleOptions::reductions), so that
/// another optimizer.lr or factor holds for a run that goes on with it.
struct Plateau {
  std::int64_t step = -1;           ///< the steps done before the last one; -1: there was none
  std::optional<double> best = {};  ///< the figure of the best; of those that are finite
  int bad = 0;                      ///< in a row, none of them better than the best by `threshold`
  int cooldown = 0;                 ///< how many more are not to count as bad
  std::int64_t reductions = 0;      ///< of the rate, so far
  friend bool operator==(const Plateau&, const Plateau&) = default;

  /// Takes an evaluation into account, once, that came after `at_step` steps of the run and `done`
  /// of the schedule: not in the warm-up, and not where the schedule is another one.
  void add(const ScheduleOptions& schedule, double figure, bool higher_is_better, std::int64_t done,
           std::int64_t at_step);
};

/// optimizer.lr times the factor, once for each reduction, down to final_lr. Like PyTorch, one that
/// would take at most 1e-8 off the rate is left out.
double plateau_rate(const ScheduleOptions& options, std::int64_t step);

}  // namespace imgcls::optim
