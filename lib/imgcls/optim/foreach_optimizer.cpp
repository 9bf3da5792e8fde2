#include <imgcls/optim/foreach_optimizer.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

namespace imgcls::optim {
namespace {

/// With four tensors beside a parameter, 5 MiB of float32.
constexpr std::int64_t kValuesAtOnce = std::int64_t{1} << 18;

}  // namespace

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

/// Whether one parameter more leaves a part in the cache, with what lies beside it.
bool ForeachOptimizer::fits(const Update& part, const at::Tensor& parameter) const {
  if (!parameter.is_cpu() || wants_whole_groups()) return true;
  std::int64_t values = parameter.numel();
  for (const at::Tensor& each : part.parameters) values += each.numel();
  return values <= kValuesAtOnce;
}

std::vector<ForeachOptimizer::Update> ForeachOptimizer::gather(std::size_t group, double lr) const {
  std::vector<Update> parts;
  const auto& parameters = groups()[group].parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& parameter = parameters[i].tensor;
    if (!parameter.grad().defined()) continue;
    if (parts.empty() || !fits(parts.back(), parameter)) {
      parts.push_back({.slots = std::vector<Tensors>(names_.size()),
                       .lr = lr * groups()[group].lr_scale,
                       .weight_decay = groups()[group].weight_decay,
                       .step = steps(),
                       .index = group});
    }
    Update& part = parts.back();
    part.parameters.push_back(parameter);
    part.gradients.push_back(parameter.grad());
    part.places.push_back(i);
    for (std::size_t s = 0; s < names_.size(); ++s) {
      part.slots[s].push_back(slots_[group][s][i]);
    }
  }
  return parts;
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
    for (Update& part : gather(g, lr)) update(part);
  }
}

std::vector<models::NamedTensor> ForeachOptimizer::state() const {
  std::vector<models::NamedTensor> all{{"step", steps_}};
  for (models::NamedTensor& each : own_state()) all.push_back(std::move(each));
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
