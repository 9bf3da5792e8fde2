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
  double longer = 1;  ///< what each cycle is longer than the one before by, as a factor
  /// What the highest rate is multiplied by at each restart.
  double decay = 1;
  /// Power of the time that has passed (k-decay, arXiv:2004.05909).
  double k = 1;
};

/// lr times `factor` after every `epochs` epochs of the run, warm-up included: StepLR.
struct StepOptions {
  double epochs = 30;   ///< from one reduction to the next; may be a fraction
  double factor = 0.1;  ///< what the rate is multiplied by at each
};

/// lr times `factor` at each of these epochs of the run: MultiStepLR.
struct MultiStepOptions {
  std::vector<double> epochs = {30, 60, 80};  ///< in any order; may be fractions
  double factor = 0.1;                        ///< what the rate is multiplied by at each
};

/// (1 - share of the steps done)^power of the way from lr to final_lr: PolynomialLR.
struct PolynomialOptions {
  double power = 2;  ///< 1: a straight line
};

/// lr times `factor` for every `epochs` epochs behind the warm-up, and between them in proportion.
struct ExponentialOptions {
  double epochs = 1;     ///< over which the rate changes by `factor`
  double factor = 0.97;  ///< 0 to 1
};

/// Rises from lr * `from` over a share of the run, and falls to lr * from * `to`, both by half a
/// cosine: OneCycleLR (Smith & Topin, arXiv:1708.07120). It is its own warm-up.
struct OneCycleOptions {
  double rise = 0.3;   ///< share of the run's steps, 0 to 1
  double from = 0.04;  ///< factor of lr at the first step
  double to = 1e-4;    ///< factor of lr * from at the last step
  /// Momentum goes the other way, from high to low and back, as OneCycleLR has it unless it is told
  /// otherwise.
  bool cycle_momentum = false;
  /// Where the rate is highest, and at both ends.
  double low_momentum = 0.85, high_momentum = 0.95;
};

/// lr until the last share of the run, then a straight line to final_lr (Zhai et al.,
/// arXiv:2106.04560; "warm-up, stable, decay").
struct TrapezoidOptions {
  double cooldown = 0.2;  ///< share of the run's steps, 0 to 1
};

/// How much better an evaluation must be.
enum class ThresholdMode {
  relative,  ///< by a share of the best figure
  absolute,  ///< by so much
};

/// lr times `factor` whenever evaluations are no longer better, down to final_lr: PyTorch's
/// ReduceLROnPlateau. Those in the warm-up do not count, as with timm's PlateauLRScheduler.
struct PlateauOptions {
  double factor = 0.1;  ///< 0 to 1
  /// Evaluations in a row that may be no better; the next reduces the rate.
  int patience = 10;
  /// What an evaluation must be better by to count as better.
  double threshold = 1e-4;
  /// What `threshold` is a share of, or the difference itself.
  ThresholdMode threshold_mode = ThresholdMode::relative;
  /// Evaluations after a reduction that do not count as bad.
  int cooldown = 0;
};

const OptionFields<CosineOptions>& cosine_fields();            ///< keys of `schedule.cosine`
const OptionFields<StepOptions>& step_fields();                ///< keys of `schedule.step`
const OptionFields<MultiStepOptions>& multi_step_fields();     ///< keys of `schedule.multi_step`
const OptionFields<PolynomialOptions>& polynomial_fields();    ///< keys of `schedule.polynomial`
const OptionFields<ExponentialOptions>& exponential_fields();  ///< keys of `schedule.exponential`
const OptionFields<OneCycleOptions>& one_cycle_fields();       ///< keys of `schedule.one_cycle`
const OptionFields<TrapezoidOptions>& trapezoid_fields();      ///< keys of `schedule.trapezoid`
const OptionFields<PlateauOptions>& plateau_fields();          ///< keys of `schedule.plateau`

}  // namespace imgcls::optim
