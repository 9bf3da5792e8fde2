#include <imgcls/optim/lars.h>
#include <imgcls/optim/norms.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>

namespace imgcls::optim {

const OptionFields<LarsOptions>& lars_fields() {
  using O = LarsOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("momentum", &O::momentum, "Momentum.", {.minimum = 0, .below = 1});
    f.add("nesterov", &O::nesterov, "Nesterov's form of momentum.");
    f.add("trust_coefficient", &O::trust_coefficient,
          "Factor of the ratio of a layer's norm to that of its gradient.",
          Limits::greater_than(0));
    f.add("eps", &O::eps, "Added to the ratio's denominator.", Limits::at_least(0));
    f.add("trust_clip", &O::trust_clip, "Limit a layer's rate to the schedule's (LARC).");
    return f;
  }();
  return fields;
}

Lars::Lars(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"momentum_buffer"}}),
      options_(OwnFields::own_options<LarsOptions>(options.own)) {}

void Lars::update(Update& group) {
  const Tensors& gradients = group.gradients;
  if (group.weight_decay != 0) {
    const at::Tensor weights = norms(group.parameters);
    const at::Tensor lengths = norms(gradients);
    const at::Tensor adapted =
        weights.mul(options_.trust_coefficient)
            .div(lengths.add(weights.mul(group.weight_decay)).add(options_.eps));
    at::Tensor ratio = trusted(adapted, weights, lengths);
    if (options_.trust_clip) ratio = ratio.div(group.lr).clamp_max(1);
    at::_foreach_add_(gradients, group.parameters, group.weight_decay);
    at::_foreach_mul_(gradients, ratio.unbind());
  }
  const Tensors& momentum = group.slots[0];
  at::_foreach_mul_(momentum, options_.momentum);
  at::_foreach_add_(momentum, gradients);
  if (options_.nesterov) {
    at::_foreach_add_(group.parameters, at::_foreach_add(gradients, momentum, options_.momentum),
                      -group.lr);
  } else {
    at::_foreach_add_(group.parameters, momentum, -group.lr);
  }
}

}  // namespace imgcls::optim
