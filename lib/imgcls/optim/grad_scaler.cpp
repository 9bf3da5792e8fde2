#include <imgcls/optim/grad_scaler.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/full.h>

namespace imgcls::optim {

GradScaler::GradScaler(const std::string& device, const GradScalerOptions& options)
    : options_(options) {
  const auto floats = at::TensorOptions().dtype(at::kFloat).device(at::Device(device));
  scale_ = at::full({1}, options.initial_scale, floats);
  growth_tracker_ = at::full({1}, 0, floats.dtype(at::kInt));
  found_inf_ = at::full({1}, 0, floats);
  one_ = at::full({1}, 1, floats);
}

at::Tensor GradScaler::scale(const at::Tensor& loss) const {
  return loss.mul(scale_.squeeze());
}

void GradScaler::check(const Optimizer& optimizer, const at::Tensor& factor) {
  const at::NoGradGuard no_grad;
  found_inf_.zero_();
  const std::vector<at::Tensor> gradients = optimizer.gradients();
  if (gradients.empty()) return;
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_inf_, factor);
}

void GradScaler::unscale(const Optimizer& optimizer) {
  // In double, as PyTorch has it, so that the quotient is rounded once.
  check(optimizer, scale_.to(at::kDouble).reciprocal().to(at::kFloat));
  unscaled_ = true;
}

void GradScaler::step(Optimizer& optimizer, double lr) {
  const at::NoGradGuard no_grad;
  // Multiplied by one where the optimizer divides by the scale itself.
  if (!unscaled_) check(optimizer, one_);
  optimizer.step(lr, unscaled_ ? at::Tensor() : scale_, found_inf_);
  unscaled_ = false;
  at::_amp_update_scale_(scale_, growth_tracker_, found_inf_, options_.growth_factor,
                         options_.backoff_factor, options_.growth_interval);
}

double GradScaler::current_scale() const {
  return scale_.item<double>();
}

int GradScaler::growth_tracker() const {
  return growth_tracker_.item<int>();
}

void GradScaler::load(double scale, int growth_tracker) {
  scale_.fill_(scale);
  growth_tracker_.fill_(growth_tracker);
}

}  // namespace imgcls::optim
