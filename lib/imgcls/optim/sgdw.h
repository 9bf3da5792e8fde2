#pragma once
// Stochastic gradient descent with (Nesterov) momentum and decay apart from the gradient
// (Loshchilov & Hutter, arXiv:1711.05101): timm's SGDW.

#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// Gradient descent with momentum, and decay times the learning rate.
class Sgdw final : public ForeachOptimizer {
 public:
  /// Takes momentum, nesterov and cautious of the options.
  Sgdw(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

  void set_momentum(double momentum) override { momentum_ = momentum; }

 private:
  void update(Update& group) override;

  double momentum_;
  bool nesterov_, cautious_;
};

}  // namespace imgcls::optim
