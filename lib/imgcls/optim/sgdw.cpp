#include <imgcls/optim/caution.h>
#include <imgcls/optim/sgdw.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>

namespace imgcls::optim {

Sgdw::Sgdw(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"momentum_buffer"}}),
      momentum_(options.momentum),
      nesterov_(options.nesterov),
      cautious_(options.cautious) {}

void Sgdw::update(Update& group) {
  const Tensors& momentum = group.slots[0];
  at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  at::_foreach_mul_(momentum, momentum_);
  at::_foreach_add_(momentum, group.gradients);
  Tensors change = nesterov_ ? at::_foreach_add(group.gradients, momentum, momentum_) : momentum;
  if (cautious_) change = cautious(change, group.gradients);
  at::_foreach_add_(group.parameters, change, -group.lr);
}

}  // namespace imgcls::optim
