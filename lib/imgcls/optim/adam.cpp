#include <imgcls/optim/adam.h>
#include <imgcls/optim/gather.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace imgcls::optim {

Adam::Adam(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : Optimizer(std::move(groups)),
      beta1_(options.beta1),
      beta2_(options.beta2),
      eps_(options.eps),
      decoupled_(options.name == "adamw") {
  const at::NoGradGuard no_grad;
  for (const ParameterGroup& group : this->groups()) {
    Moments& moments = moments_.emplace_back();
    for (const auto& [name, parameter] : group.parameters) {
      moments.exp_avg.push_back(at::zeros_like(parameter));
      moments.exp_avg_sq.push_back(at::zeros_like(parameter));
      moments.step.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
    }
  }
}

void Adam::step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) {
  const at::NoGradGuard no_grad;
  for (std::size_t g = 0; g < groups().size(); ++g) {
    const ParameterGroup& group = groups()[g];
    const Moments& moments = moments_[g];
    const Gathered found = gather(group, {&moments.exp_avg, &moments.exp_avg_sq, &moments.step});
    if (found.parameters.empty()) continue;
    const std::vector<at::Tensor>& steps = found.slots[2];
    // The caller counts the step; at step 0 the bias correction would divide by zero.
    at::_foreach_add_(steps, 1);
    const auto update = [&](const auto& fused) {
      fused(found.parameters, found.gradients, found.slots[0], found.slots[1],
            /*max_exp_avg_sqs=*/at::TensorList(), steps, lr * group.lr_scale, beta1_, beta2_,
            group.weight_decay, eps_, /*amsgrad=*/false,
            /*maximize=*/false, if_defined(grad_scale), if_defined(found_inf));
    };
    if (decoupled_) {
      update([](auto&&... given) { at::_fused_adamw_(given...); });
    } else {
      update([](auto&&... given) { at::_fused_adam_(given...); });
    }
    // A skipped step does not count.
    if (found_inf.defined()) {
      at::_foreach_sub_(steps, std::vector<at::Tensor>(steps.size(), found_inf.squeeze()));
    }
  }
}

std::vector<models::NamedTensor> Adam::state() const {
  std::vector<models::NamedTensor> all;
  for (std::size_t g = 0; g < groups().size(); ++g) {
    for (std::size_t i = 0; i < groups()[g].parameters.size(); ++i) {
      const std::string& name = groups()[g].parameters[i].name;
      all.push_back({"exp_avg." + name, moments_[g].exp_avg[i]});
      all.push_back({"exp_avg_sq." + name, moments_[g].exp_avg_sq[i]});
      all.push_back({"step." + name, moments_[g].step[i]});
    }
  }
  return all;
}

}  // namespace imgcls::optim
