#include <imgcls/optim/soap.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>
#include <utility>

namespace imgcls::optim {

const OptionFields<SoapOptions>& soap_fields() {
  using O = SoapOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add(
        "betas", &O::betas,
        "Decay of the averages of the gradient and of its square, and of the latter's covariances.",
        {.minimum = 0, .below = 1});
    f.add("eps", &O::eps, "Added to the denominator.", Limits::greater_than(0));
    f.add("frequency", &O::frequency, "Steps from one renewal of the bases to the next.",
          Limits::between(1, 1000000));
    f.add("max_side", &O::max_side,
          "Longer sides of a parameter keep their own basis; a side of n takes n x n values twice.",
          Limits::between(1, 1000000));
    return f;
  }();
  return fields;
}

Soap::Soap(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
      options_(OwnFields::own_options<SoapOptions>(options.own)) {
  const at::NoGradGuard no_grad;
  for (const ParameterGroup& group : this->groups()) {
    auto& made = bases_.emplace_back();
    for (const auto& [name, parameter] : group.parameters) {
      made.emplace_back(name, parameter, options_.max_side);
    }
  }
}

std::vector<Eigenbases*> Soap::bases_of(const Update& group) {
  std::vector<Eigenbases*> all;
  for (const std::size_t place : group.places) all.push_back(&bases_[group.index][place]);
  return all;
}

void Soap::begin_bases(const Update& group, std::span<Eigenbases* const> bases) {
  std::vector<Eigenbases*> fresh;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    if (bases[i]->found()) continue;
    bases[i]->average(group.gradients[i], options_.betas[1]);
    fresh.push_back(bases[i]);
  }
  if (!fresh.empty()) find_bases(fresh, sharing());
}

void Soap::update(Update& group) {
  const auto [beta1, beta2] = options_.betas;
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1];
  const std::vector<Eigenbases*> bases = bases_of(group);
  begin_bases(group, bases);
  if (group.step == 1) return;  // as the authors do: there was nothing to find bases by
  Tensors squares, change;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    squares.push_back(bases[i]->project(group.gradients[i]).square());
  }
  at::_foreach_lerp_(exp_avg, group.gradients, 1 - beta1);
  at::_foreach_lerp_(exp_avg_sq, squares, 1 - beta2);
  Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_add_(denominator, options_.eps);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    change.push_back(bases[i]->project_back(bases[i]->project(exp_avg[i]).div(denominator[i])));
  }
  const auto step = static_cast<double>(group.step - 1);
  const double corrected =
      group.lr * (std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step)));
  at::_foreach_add_(group.parameters, change, -corrected);
  at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  for (std::size_t i = 0; i < bases.size(); ++i) bases[i]->average(group.gradients[i], beta2);
  if ((group.step - 1) % options_.frequency == 0) renew_bases(bases, exp_avg_sq, sharing());
}

std::vector<models::NamedTensor> Soap::own_state() const {
  std::vector<models::NamedTensor> all;
  for (const std::vector<Eigenbases>& group : bases_) {
    for (const Eigenbases& each : group) {
      for (models::NamedTensor& tensor : each.state()) all.push_back(std::move(tensor));
    }
  }
  return all;
}

}  // namespace imgcls::optim
