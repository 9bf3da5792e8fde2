#pragma once
// Loss scaling for fp16 (Micikevicius et al., "Mixed precision training", arXiv:1710.03740), with
// the rules and numbers of torch.amp.GradScaler.

#include <ATen/core/Tensor.h>
#include <imgcls/optim/optimizer.h>

#include <string>

namespace imgcls::optim {

/// torch.amp.GradScaler's arguments.
struct GradScalerOptions {
  double initial_scale = 65536;  ///< the scale at first
  double growth_factor = 2;      ///< what the scale is multiplied by when it grows
  double backoff_factor = 0.5;   ///< what it is multiplied by after gradients that are not finite
  /// Steps without an infinite gradient after which the scale grows.
  int growth_interval = 2000;
};

/// Multiplies the loss before the backward pass, so that small gradients do not vanish in fp16;
/// skips the steps whose gradients are not finite, and adapts.
class GradScaler {
 public:
  /// "cuda:0": where losses and gradients are.
  explicit GradScaler(const std::string& device, const GradScalerOptions& options = {});

  /// `loss` times the scale; call `backward` on that.
  at::Tensor scale(const at::Tensor& loss) const;

  /// Divides the gradients by the scale, for those who look at them before `step`, such as a
  /// limit of their norm. Without it `step` leaves that to the optimizer.
  void unscale(const Optimizer& optimizer);

  /// Checks the gradients, steps the optimizer with them unscaled (or skips), and adapts the scale.
  /// Gradients have been averaged over the ranks, so all ranks decide alike.
  void step(Optimizer& optimizer, double lr);

  /// The scale now, and the number of steps since it last changed. Waits for the device.
  double current_scale() const;
  /// The scale where it lies (float, one value), to be read without waiting.
  const at::Tensor& scale_on_device() const { return scale_; }
  int growth_tracker() const;  ///< the steps since then
  /// Goes on from saved values.
  void load(double scale, int growth_tracker);

 private:
  void check(const Optimizer& optimizer, const at::Tensor& factor);

  GradScalerOptions options_;
  at::Tensor scale_, growth_tracker_, found_inf_, one_;
  bool unscaled_ = false;  // this step's gradients
};

}  // namespace imgcls::optim
