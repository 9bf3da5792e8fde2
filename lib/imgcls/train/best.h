#pragma once
// The best evaluation of a run, by a figure that the configuration names (eval.metric): which
// weights checkpoint.best keeps, and when train.patience is at its end.

#include <imgcls/core/option_fields.h>

#include <cstdint>
#include <string>

namespace imgcls::train {

struct EvalCounts;

/// The figure by which evaluations are compared. Accuracies and mAP are per cent, and higher is
/// better.
enum class Metric { acc1, acc5, loss, map };

/// Metrics as a configuration spells them in `eval.metric`.
inline constexpr Names<Metric, 4> kMetrics{
    {{Metric::acc1, "acc1"}, {Metric::acc5, "acc5"}, {Metric::loss, "loss"}, {Metric::map, "map"}}};

/// What an evaluation's counts come to by that metric: accuracies in per cent.
double figure(const EvalCounts& counts, Metric metric);
/// Accuracies are the better the higher they are, a loss the lower.
inline bool higher_is_better(Metric metric) {
  return metric != Metric::loss;
}
/// For people: "top-1 76.07 %", "mAP 76.07 %", "loss 0.9671".
std::string figure_text(double value, Metric metric);

/// The best of the evaluations so far.
struct Best {
  std::int64_t step = -1;        ///< the steps done before it; -1: there was none
  Metric metric = Metric::acc1;  ///< what `value` is
  double value = 0;              ///< its figure
  int since = 0;                 ///< evaluations after it, none of them better
  friend bool operator==(const Best&, const Best&) = default;

  /// Takes an evaluation after `at_step` steps into account. Whether it is the best: equal figures
  /// are no better, and one that is not finite never is. With another metric it begins anew.
  bool add(double figure, std::int64_t at_step, Metric metric);
};

}  // namespace imgcls::train
