#pragma once
// Figures of the runs of one recipe together: means and sample standard deviations, by step.

#include <imgcls/report/recipe.h>
#include <imgcls/report/run_files.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace imgcls::report {

/// Numbers of several runs.
struct Spread {
  double mean = std::numeric_limits<double>::quiet_NaN();  ///< NaN without numbers
  /// Sample standard deviation (divided by n - 1); NaN for fewer than two numbers.
  double sd = std::numeric_limits<double>::quiet_NaN();
  std::size_t n = 0;  ///< how many there are
};

/// The spread of numbers; a NaN among them makes mean and deviation NaN.
Spread spread_of(std::span<const double> numbers);

/// What the runs that were evaluated after `step` steps had reached then.
struct EvaluationPoint {
  std::int64_t step = 0;  ///< optimizer steps done
  int epoch = 0;          ///< epochs completed
  /// Of the runs' rows: seconds, losses, accuracies and mAP in per cent.
  Spread time_s, train_loss, val_loss, val_acc1, val_acc5, val_map;
};

/// A group's evaluations by step. Where some runs of the group are not yet as far as others, the
/// later points are of fewer runs. Over time, mean accuracy goes with mean time, so runs are
/// aligned by epoch.
std::vector<EvaluationPoint> evaluation_curve(std::span<const Run> runs, const Group& group);

/// The group's furthest evaluation, of the runs that have it; n is 0 where none was evaluated.
EvaluationPoint final_point(std::span<const Run> runs, const Group& group);

/// By what evaluations of a run are compared: the top-1 or, of multi-label data, the mAP.
double TrainLogRow::*compared(const Run& run);

/// The evaluation of a run that has any with the highest of what is compared; one without it comes
/// last.
const TrainLogRow& best_evaluation(const Run& run);

/// The best that each of the runs of `final_point` had, at whatever epoch.
Spread best_of(std::span<const Run> runs, const Group& group);

/// What the runs that were logged after `step` steps read then.
struct StepPoint {
  std::int64_t step = 0;  ///< optimizer steps done
  /// Of the runs' rows (log/step_row.h).
  Spread loss, lr, grad_norm, images_per_second, data_wait, memory_mib;
};

/// A group's training, by step.
struct StepCurve {
  std::size_t rows_per_point = 1;  ///< rows of each run's steps.csv that are averaged into a point
  std::vector<StepPoint> points;   ///< by step
};

/// A group's steps.csv by step, at most `most` points: where there are more rows, as many of them
/// as it takes are averaged, each run for itself, before the runs are.
StepCurve step_curve(std::span<const Run> runs, const Group& group, std::size_t most);

}  // namespace imgcls::report
