#include <imgcls/optim/caution.h>
#include <imgcls/optim/lion.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sign.h>

namespace imgcls::optim {

const OptionFields<LionOptions>& lion_fields() {
  using O = LionOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_pair("betas", &O::beta1, &O::beta2,
               "Share of the average in the update's direction, and what decays the average.",
               {.minimum = 0, .below = 1});
    return f;
  }();
  return fields;
}

Lion::Lion(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}}),
      options_(OwnFields::own_options<LionOptions>(options.own)),
      cautious_(options.cautious) {}

void Lion::update(Update& group) {
  const Tensors& exp_avg = group.slots[0];
  at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  Tensors direction = at::_foreach_lerp(exp_avg, group.gradients, 1 - options_.beta1);
  at::_foreach_sign_(direction);
  if (cautious_) direction = cautious(direction, group.gradients);
  at::_foreach_add_(group.parameters, direction, -group.lr);
  at::_foreach_lerp_(exp_avg, group.gradients, 1 - options_.beta2);
}

}  // namespace imgcls::optim
