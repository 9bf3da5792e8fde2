#pragma once
// Stochastic gradient descent with (Nesterov) momentum: torch.optim.SGD(fused=True).

#include <imgcls/optim/optimizer.h>

namespace imgcls::optim {

/// Gradient descent with momentum; a step is one fused call a group.
class Sgd final : public Optimizer {
 public:
  /// Takes momentum and nesterov of the options.
  Sgd(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

  void step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) override;

  /// "momentum_buffer.<parameter>" of the parameter's shape, for each one; nothing without
  /// momentum.
  std::vector<models::NamedTensor> state() const override;

  void set_momentum(double momentum) override { momentum_ = momentum; }

 private:
  double momentum_;
  bool nesterov_;
  std::vector<std::vector<at::Tensor>> buffers_;  // a group each; empty without momentum
};

}  // namespace imgcls::optim
