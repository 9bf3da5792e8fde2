#include <imgcls/optim/plateau.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/optim/schedules.h>

#include <algorithm>
#include <cmath>

namespace imgcls::optim {
namespace {

/// In PyTorch's order of operations.
bool is_better(const PlateauOptions& options, double figure, const std::optional<double>& best,
               bool higher_is_better) {
  if (!best) return std::isfinite(figure);
  const bool relative = options.threshold_mode == ThresholdMode::relative;
  if (higher_is_better) {
    return figure > (relative ? *best * (options.threshold + 1) : *best + options.threshold);
  }
  return figure < (relative ? *best * (1 - options.threshold) : *best - options.threshold);
}

}  // namespace

void Plateau::add(const ScheduleOptions& schedule, double figure, bool higher_is_better,
                  std::int64_t done, std::int64_t at_step) {
  if (schedule.name != "plateau" || done <= schedule.warmup_steps) return;
  if (at_step == step) return;  // the same evaluation, made again when a run resumes
  step = at_step;
  const auto options = OwnFields::own_options<PlateauOptions>(schedule.own);
  if (is_better(options, figure, best, higher_is_better)) {
    best = figure;
    bad = 0;
  } else {
    ++bad;
  }
  if (cooldown > 0) {
    --cooldown;
    bad = 0;
  }
  if (bad <= options.patience) return;
  ++reductions;
  cooldown = options.cooldown;
  bad = 0;
}

double plateau_rate(const ScheduleOptions& options, std::int64_t /*step*/) {
  constexpr double kLeastChange = 1e-8;
  const double factor = OwnFields::own_options<PlateauOptions>(options.own).factor;
  double rate = options.lr;
  for (std::int64_t i = 0; i < options.reductions; ++i) {
    const double lower = std::max(rate * factor, options.final_lr);
    if (rate - lower <= kLeastChange) break;  // nor will the next be lower
    rate = lower;
  }
  return rate;
}

}  // namespace imgcls::optim
