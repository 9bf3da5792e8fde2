#pragma once
// Learning rates as a function of the step: no state, so nothing to save.

#include <cstdint>

namespace imgcls::optim {

enum class ScheduleKind { cosine, constant };

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::cosine;
  /// The highest learning rate, reached at the end of the warm-up.
  double lr = 0.1;
  /// Learning rate after the last step (cosine).
  double final_lr = 0;
  /// Linear warm-up: steps, and the factor of `lr` at step 0.
  std::int64_t warmup_steps = 0;
  double warmup_from = 0.01;
  /// Steps of the whole run, warm-up included.
  std::int64_t total_steps = 1;
};

/// The learning rate of step `step` (the first is 0). Linear warm-up as torch.optim.lr_scheduler's
/// LinearLR, then the half cosine of CosineAnnealingLR (Loshchilov & Hutter, arXiv:1608.03983) over
/// the remaining steps, in closed form.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

}  // namespace imgcls::optim
