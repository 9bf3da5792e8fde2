#pragma once
// Rectified Adam (Liu et al., "On the variance of the adaptive learning rate and beyond",
// arXiv:1908.03265): torch.optim.RAdam.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// The options in `optimizer.radam`.
struct RAdamOptions {
  double beta1 = 0.9,  ///< decay of the gradient's average
      beta2 = 0.999,   ///< decay of the average of its square
      eps = 1e-8;      ///< added to the denominator
  /// Decay apart from the gradient, as AdamW's; else added to it.
  bool decoupled = false;
};

const OptionFields<RAdamOptions>& radam_fields();  ///< keys of `optimizer.radam`

/// Adam whose first steps, when the mean square is of few, are those of momentum alone.
class RAdam final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  RAdam(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  RAdamOptions options_;
};

}  // namespace imgcls::optim
