#pragma once
// What single schedules can be told besides lr, final_lr and warm-up (optim/schedule.h).

#include <imgcls/core/option_fields.h>

#include <vector>

namespace imgcls::optim {

/// Half a cosine (Loshchilov & Hutter, arXiv:1608.03983): CosineAnnealingLR in closed form, and
/// with several cycles CosineAnnealingWarmRestarts, or timm's CosineLRScheduler.
struct CosineOptions {
  /// Cycles over the steps that follow the warm-up, and by what each is longer than the one before.
  int cycles = 1;
  double longer = 1;
  /// What the highest rate is multiplied by at each restart.
  double decay = 1;
  /// Power of the time that has passed (k-decay, arXiv:2004.05909).
  double k = 1;
};

/// lr times `factor` after every `epochs` epochs of the run, warm-up included: StepLR.
struct StepOptions {
  double epochs = 30;
  double factor = 0.1;
};

/// lr times `factor` at each of these epochs of the run: MultiStepLR.
struct MultiStepOptions {
  std::vector<double> epochs = {30, 60, 80};
  double factor = 0.1;
};

/// (1 - share of the steps done)^power of the way from lr to final_lr: PolynomialLR.
struct PolynomialOptions {
  double power = 2;
};

/// lr times `factor` for every `epochs` epochs behind the warm-up, and between them in proportion.
struct ExponentialOptions {
  double epochs = 1;
  double factor = 0.97;
};

/// Rises from lr * `from` over a share of the run, and falls to lr * from * `to`, both by half a
/// cosine: OneCycleLR (Smith & Topin, arXiv:1708.07120). It is its own warm-up.
struct OneCycleOptions {
  double rise = 0.3;
  double from = 0.04;
  double to = 1e-4;
  /// Momentum goes the other way, from high to low and back, as OneCycleLR has it unless it is told
  /// otherwise.
  bool cycle_momentum = false;
  double low_momentum = 0.85, high_momentum = 0.95;
};

/// lr until the last share of the run, then a straight line to final_lr (Zhai et al.,
/// arXiv:2106.04560; "warm-up, stable, decay").
struct TrapezoidOptions {
  double cooldown = 0.2;
};

/// How much better an evaluation must be.
enum class ThresholdMode {
  relative,  ///< by a share of the best figure
  absolute,  ///< by so much
};

/// lr times `factor` whenever evaluations are no longer better, down to final_lr: PyTorch's
/// ReduceLROnPlateau. Those in the warm-up do not count, as with timm's PlateauLRScheduler.
struct PlateauOptions {
  double factor = 0.1;
  /// Evaluations in a row that may be no better; the next reduces the rate.
  int patience = 10;
  /// What an evaluation must be better by to count as better.
  double threshold = 1e-4;
  ThresholdMode threshold_mode = ThresholdMode::relative;
  /// Evaluations after a reduction that do not count as bad.
  int cooldown = 0;
};

const OptionFields<CosineOptions>& cosine_fields();
const OptionFields<StepOptions>& step_fields();
const OptionFields<MultiStepOptions>& multi_step_fields();
const OptionFields<PolynomialOptions>& polynomial_fields();
const OptionFields<ExponentialOptions>& exponential_fields();
const OptionFields<OneCycleOptions>& one_cycle_fields();
const OptionFields<TrapezoidOptions>& trapezoid_fields();
const OptionFields<PlateauOptions>& plateau_fields();

}  // namespace imgcls::optim
