#include <imgcls/train/best.h>
#include <imgcls/train/evaluate.h>

#include <fmt/format.h>

#include <cmath>

namespace imgcls::train {

double figure(const EvalCounts& counts, Metric metric) {
  switch (metric) {
    case Metric::acc1:
      return counts.acc1();
    case Metric::acc5:
      return counts.acc5();
    case Metric::loss:
      return counts.loss();
    case Metric::map:
      return counts.multi_label ? 100 * counts.multi_label->map() : 0;
  }
  return 0;
}

std::string figure_text(double value, Metric metric) {
  if (metric == Metric::loss) return fmt::format("loss {:.4f}", value);
  if (metric == Metric::map) return fmt::format("mAP {:.2f} %", value);
  return fmt::format("top-{} {:.2f} %", metric == Metric::acc1 ? 1 : 5, value);
}

bool Best::add(double figure, std::int64_t at_step, Metric metric) {
  if (metric != this->metric) *this = {.metric = metric};
  if (at_step == step) return true;  // the same evaluation, made again when a run resumes
  const bool better = higher_is_better(metric) ? figure > value : figure < value;
  const bool is_best = std::isfinite(figure) && (step < 0 || better);
  if (is_best) {
    *this = {.step = at_step, .metric = metric, .value = figure};
  } else {
    ++since;
  }
  return is_best;
}

}  // namespace imgcls::train
