#pragma once
// Adan (Xie et al., "Adan: adaptive Nesterov momentum algorithm", arXiv:2208.06677), as the
// authors' program and timm's Adan have it, with decay by the proximal step.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

#include <array>

namespace imgcls::optim {

/// The options in `optimizer.adan`.
struct AdanOptions {
  /// What decays the averages of the gradient, of its change and of the square.
  std::array<double, 3> betas{0.98, 0.92, 0.99};
  double eps = 1e-8;  ///< added to the denominator
};

const OptionFields<AdanOptions>& adan_fields();  ///< keys of `optimizer.adan`

/// Momentum from the gradient and its change, over the root of an average of their square.
class Adan final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  Adan(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  AdanOptions options_;
  bool cautious_;
};

}  // namespace imgcls::optim
