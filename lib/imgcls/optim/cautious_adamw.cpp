#include <imgcls/optim/caution.h>
#include <imgcls/optim/cautious_adamw.h>
#include <imgcls/optim/moments.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

namespace imgcls::optim {

CautiousAdamW::CautiousAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
      beta1_(options.beta1),
      beta2_(options.beta2),
      eps_(options.eps) {}

void CautiousAdamW::update(Update& group) {
  const auto step = static_cast<double>(group.step);
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1];
  at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  update_moments(exp_avg, exp_avg_sq, group.gradients, beta1_, beta2_);
  Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_div_(denominator, std::sqrt(1 - std::pow(beta2_, step)));
  at::_foreach_add_(denominator, eps_);
  at::_foreach_addcdiv_(group.parameters, cautious(exp_avg, group.gradients), denominator,
                        -group.lr / (1 - std::pow(beta1_, step)));
}

}  // namespace imgcls::optim
