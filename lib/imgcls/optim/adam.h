#pragma once
// Adam: torch.optim.Adam(fused=True) with weight decay added to the gradient, torch.optim.AdamW(
// fused=True) with decay apart from it.

#include <imgcls/optim/optimizer.h>

namespace imgcls::optim {

/// Adam and AdamW, by OptimizerOptions::name: "adamw" decays apart from the gradient.
class Adam final : public Optimizer {
 public:
  /// Takes name, beta1, beta2 and eps of the options.
  Adam(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

  void step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) override;

  /// "exp_avg.<parameter>", "exp_avg_sq.<parameter>" of the parameter's shape, and the scalar
  /// "step.<parameter>", for each one.
  std::vector<models::NamedTensor> state() const override;

  void set_momentum(double momentum) override { beta1_ = momentum; }

 private:
  struct Moments {
    std::vector<at::Tensor> exp_avg, exp_avg_sq, step;
  };
  double beta1_, beta2_, eps_;
  bool decoupled_;
  std::vector<Moments> moments_;  // a group each
};

}  // namespace imgcls::optim
