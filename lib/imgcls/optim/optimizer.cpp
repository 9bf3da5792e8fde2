#include <imgcls/core/error.h>
#include <imgcls/optim/optimizer.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <map>

namespace imgcls::optim {

Optimizer::Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {
  for (const ParameterGroup& group : groups_) weight_decays_.push_back(group.weight_decay);
}

void Optimizer::set_momentum(double /*momentum*/) {}

void Optimizer::scale_weight_decay(double factor) {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].weight_decay = weight_decays_[g] * factor;
  }
}

std::vector<at::Tensor> Optimizer::gradients() const {
  std::vector<at::Tensor> all;
  for (const ParameterGroup& group : groups_) {
    for (const models::NamedTensor& parameter : group.parameters) {
      if (parameter.tensor.grad().defined()) all.push_back(parameter.tensor.grad());
    }
  }
  return all;
}

void fill_state(std::span<const models::NamedTensor> own_state,
                std::span<const models::NamedTensor> saved, std::string_view whose) {
  std::map<std::string_view, const at::Tensor*> by_name;
  for (const models::NamedTensor& item : saved) by_name[item.name] = &item.tensor;
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& own : own_state) {
    const auto found = by_name.find(own.name);
    if (found == by_name.end()) {
      throw CheckpointError(fmt::format("{}'s state lacks \"{}\"", whose, own.name));
    }
    if (found->second->sizes() != own.tensor.sizes()) {
      throw CheckpointError(fmt::format("{}'s state \"{}\" has another shape", whose, own.name));
    }
    own.tensor.copy_(*found->second);
  }
}

void Optimizer::load_state(std::span<const models::NamedTensor> saved) {
  fill_state(state(), saved, "the optimizer");
}

void Optimizer::share_work(std::shared_ptr<WorkSharing> sharing) {
  sharing_ = std::move(sharing);
}

void Optimizer::zero_grad() {
  for (const ParameterGroup& group : groups_) {
    for (const models::NamedTensor& parameter : group.parameters) {
      parameter.tensor.mutable_grad().reset();
    }
  }
}

}  // namespace imgcls::optim
