#include <imgcls/optim/foreach_optimizer.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

namespace imgcls::optim {

ForeachOptimizer::ForeachOptimizer(std::vector<ParameterGroup> groups, std::vector<Slot> slots)
    : Optimizer(std::move(groups)),
      names_(std::move(slots)),
      steps_(at::zeros({}, at::TensorOptions().dtype(at::kLong))) {
  const at::NoGradGuard no_grad;
  for (const ParameterGroup& group : this->groups()) {
    std::vector<Tensors>& made = slots_.emplace_back(names_.size());
    for (std::size_t s = 0; s < names_.size(); ++s) {
      for (const models::NamedTensor& each : group.parameters) {
        made[s].push_back(at::full_like(each.tensor, names_[s].first));
      }
    }
  }
}

void ForeachOptimizer::begin(const Tensors& /*gradients*/, double /*lr*/) {}

std::int64_t ForeachOptimizer::steps() const {
  return steps_.item<std::int64_t>();
}

/// Not when slots are made: weights may be loaded between that and the first step.
void ForeachOptimizer::copy_parameters() {
  for (std::size_t s = 0; s < names_.size(); ++s) {
    if (!names_[s].copies_parameter) continue;
    for (std::size_t g = 0; g < groups().size(); ++g) {
      const auto& parameters = groups()[g].parameters;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        slots_[g][s][i].copy_(parameters[i].tensor);
      }
    }
  }
}

ForeachOptimizer::Update ForeachOptimizer::gather(std::size_t group) const {
  Update found;
  found.slots.resize(names_.size());
  const auto& parameters = groups()[group].parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& parameter = parameters[i].tensor;
    if (!parameter.grad().defined()) continue;
    found.parameters.push_back(parameter);
    found.gradients.push_back(parameter.grad());
    for (std::size_t s = 0; s < names_.size(); ++s) {
      found.slots[s].push_back(slots_[group][s][i]);
    }
  }
  return found;
}

void ForeachOptimizer::step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) {
  const at::NoGradGuard no_grad;
  if (found_inf.defined() && found_inf.item<float>() != 0) return;
  const Tensors all = gradients();
  if (grad_scale.defined() && !all.empty()) {
    at::_foreach_mul_(all, grad_scale.reciprocal().squeeze());
  }
  if (steps() == 0) copy_parameters();
  steps_.add_(1);
  begin(all, lr);
  for (std::size_t g = 0; g < groups().size(); ++g) {
    Update group = gather(g);
    if (group.parameters.empty()) continue;
    group.lr = lr * groups()[g].lr_scale;
    group.weight_decay = groups()[g].weight_decay;
    group.step = steps();
    update(group);
  }
}

std::vector<models::NamedTensor> ForeachOptimizer::state() const {
  std::vector<models::NamedTensor> all{{"step", steps_}};
  for (models::NamedTensor& each : scalars()) all.push_back(std::move(each));
  for (std::size_t g = 0; g < groups().size(); ++g) {
    for (std::size_t s = 0; s < names_.size(); ++s) {
      for (std::size_t i = 0; i < slots_[g][s].size(); ++i) {
        all.push_back({names_[s].name + "." + groups()[g].parameters[i].name, slots_[g][s][i]});
      }
    }
  }
  return all;
}

}  // namespace imgcls::optim
