#include <imgcls/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace imgcls::optim {

double learning_rate(const ScheduleOptions& options, std::int64_t step) {
  if (step < options.warmup_steps) {
    const double done = static_cast<double>(step) / static_cast<double>(options.warmup_steps);
    return options.lr * (options.warmup_from + (1 - options.warmup_from) * done);
  }
  if (options.kind == ScheduleKind::constant) return options.lr;
  const auto steps =
      static_cast<double>(std::max<std::int64_t>(1, options.total_steps - options.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup_steps) / steps);
  return options.final_lr +
         (options.lr - options.final_lr) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

}  // namespace imgcls::optim
