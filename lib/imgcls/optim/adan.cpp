#include <imgcls/optim/adan.h>
#include <imgcls/optim/caution.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>

#include <cmath>

namespace imgcls::optim {

const OptionFields<AdanOptions>& adan_fields() {
  using O = AdanOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("betas", &O::betas,
          "Decay of the averages of the gradient, of its change and of the square of both.",
          {.minimum = 0, .below = 1});
    f.add("eps", &O::eps, "Added to the denominator.", Limits::greater_than(0));
    return f;
  }();
  return fields;
}

Adan::Adan(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups),
                       {{"exp_avg"}, {"exp_avg_sq"}, {"exp_avg_diff"}, {"previous_grad"}}),
      options_(OwnFields::own_options<AdanOptions>(options.own)),
      cautious_(options.cautious) {}

void Adan::update(Update& group) {
  const auto [beta1, beta2, beta3] = options_.betas;
  const auto step = static_cast<double>(group.step);
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1],
                &exp_avg_diff = group.slots[2], &previous = group.slots[3];
  if (group.step == 1) at::_foreach_copy_(previous, group.gradients);  // no change yet
  Tensors change = at::_foreach_sub(group.gradients, previous);
  at::_foreach_lerp_(exp_avg, group.gradients, 1 - beta1);
  at::_foreach_mul_(exp_avg_diff, beta2);
  at::_foreach_add_(exp_avg_diff, change, 1 - beta2);
  at::_foreach_mul_(change, beta2);
  at::_foreach_add_(change, group.gradients);
  at::_foreach_mul_(exp_avg_sq, beta3);
  at::_foreach_addcmul_(exp_avg_sq, change, change, 1 - beta3);

  Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_div_(denominator, std::sqrt(1 - std::pow(beta3, step)));
  at::_foreach_add_(denominator, options_.eps);
  at::_foreach_addcdiv_(group.parameters, cautious_ ? cautious(exp_avg, group.gradients) : exp_avg,
                        denominator, -group.lr / (1 - std::pow(beta1, step)));
  at::_foreach_addcdiv_(group.parameters, exp_avg_diff, denominator,
                        -group.lr * beta2 / (1 - std::pow(beta2, step)));
  at::_foreach_div_(group.parameters, 1 + group.lr * group.weight_decay);
  at::_foreach_copy_(previous, group.gradients);
}

}  // namespace imgcls::optim
