#include <imgcls/optim/gather.h>
#include <imgcls/optim/sgd.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros_like.h>

namespace imgcls::optim {

Sgd::Sgd(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : Optimizer(std::move(groups)), momentum_(options.momentum), nesterov_(options.nesterov) {
  const at::NoGradGuard no_grad;
  for (const ParameterGroup& group : this->groups()) {
    std::vector<at::Tensor>& buffers = buffers_.emplace_back();
    if (momentum_ == 0) continue;
    for (const auto& [name, parameter] : group.parameters) {
      buffers.push_back(at::zeros_like(parameter));
    }
  }
}

void Sgd::step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) {
  const at::NoGradGuard no_grad;
  for (std::size_t g = 0; g < groups().size(); ++g) {
    const ParameterGroup& group = groups()[g];
    const std::vector<at::Tensor>* buffers = &buffers_[g];
    const Gathered found = momentum_ == 0 ? gather(group, {}) : gather(group, {buffers});
    if (found.parameters.empty()) continue;
    // Buffers start at zero, so the first step needs no case of its own: 0 * momentum + gradient.
    at::_fused_sgd_(found.parameters, found.gradients,
                    momentum_ == 0 ? at::TensorList() : found.slots[0], group.weight_decay,
                    momentum_, lr * group.lr_scale,
                    /*dampening=*/0, nesterov_, /*maximize=*/false, /*is_first_step=*/false,
                    if_defined(grad_scale), if_defined(found_inf));
  }
}

std::vector<models::NamedTensor> Sgd::state() const {
  std::vector<models::NamedTensor> all;
  for (std::size_t g = 0; g < groups().size(); ++g) {
    for (std::size_t i = 0; i < buffers_[g].size(); ++i) {
      all.push_back({"momentum_buffer." + groups()[g].parameters[i].name, buffers_[g][i]});
    }
  }
  return all;
}

}  // namespace imgcls::optim
