#include <imgcls/optim/caution.h>
#include <imgcls/optim/rmsprop_tf.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>

namespace imgcls::optim {

const OptionFields<RmspropTfOptions>& rmsprop_tf_fields() {
  using O = RmspropTfOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("alpha", &O::alpha, "Decay of the average of the gradient's square.",
          {.minimum = 0, .below = 1});
    f.add("momentum", &O::momentum, "Momentum, which holds the learning rate.",
          {.minimum = 0, .below = 1});
    f.add("eps", &O::eps, "Added to the average under the root.", Limits::greater_than(0));
    return f;
  }();
  return fields;
}

RmspropTf::RmspropTf(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"square_avg", 1}, {"momentum_buffer"}}),
      options_(OwnFields::own_options<RmspropTfOptions>(options.own)),
      cautious_(options.cautious) {}

void RmspropTf::update(Update& group) {
  const Tensors &square_avg = group.slots[0], &momentum = group.slots[1];
  const Tensors& gradients = group.gradients;
  if (group.weight_decay != 0) {
    at::_foreach_add_(gradients, group.parameters, group.weight_decay);
  }
  Tensors change = at::_foreach_mul(gradients, gradients);
  at::_foreach_sub_(change, square_avg);
  at::_foreach_add_(square_avg, change, 1 - options_.alpha);
  Tensors root = at::_foreach_add(square_avg, options_.eps);
  at::_foreach_sqrt_(root);
  at::_foreach_mul_(momentum, options_.momentum);
  at::_foreach_addcdiv_(momentum, gradients, root, group.lr);
  at::_foreach_sub_(group.parameters, cautious_ ? cautious(momentum, gradients) : momentum);
}

}  // namespace imgcls::optim
