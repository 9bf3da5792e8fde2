#include <imgcls/optim/schedule_free.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace imgcls::optim {
namespace {

const OptionFields<AveragingOptions>& averaging_fields() {
  using O = AveragingOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("r", &O::r, "Power of a step's number in its weight in the average.",
          Limits::at_least(0));
    f.add("lr_power", &O::lr_power,
          "Power of the highest learning rate so far in a step's weight in the average.",
          Limits::at_least(0));
    return f;
  }();
  return fields;
}

/// z, then the others.
template <class Slots>
Slots with_z(Slots others) {
  others.insert(others.begin(), {.name = "z", .copies_parameter = true});
  return others;
}

}  // namespace

const OptionFields<ScheduleFreeSgdOptions>& schedule_free_sgd_fields() {
  using O = ScheduleFreeSgdOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("momentum", &O::momentum, "Share of the average in where gradients are taken.",
          {.above = 0, .below = 1});
    f.include(&O::averaging, averaging_fields());
    return f;
  }();
  return fields;
}

const OptionFields<ScheduleFreeAdamWOptions>& schedule_free_adamw_fields() {
  using O = ScheduleFreeAdamWOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_pair("betas", &O::beta1, &O::beta2,
               "Share of the average in where gradients are taken, and decay of the average of the "
               "gradient's square.",
               {.above = 0, .below = 1});
    f.add("eps", &O::eps, "Added to the denominator.", Limits::greater_than(0));
    f.include(&O::averaging, averaging_fields());
    return f;
  }();
  return fields;
}

ScheduleFree::ScheduleFree(std::vector<ParameterGroup> groups, std::vector<Slot> slots,
                           double momentum, const AveragingOptions& averaging)
    : ForeachOptimizer(std::move(groups), with_z(std::move(slots))),
      momentum_(momentum),
      averaging_(averaging),
      lr_max_(at::zeros({}, at::TensorOptions().dtype(at::kDouble))),
      weight_sum_(at::zeros({}, at::TensorOptions().dtype(at::kDouble))) {}

void ScheduleFree::begin(const Tensors& /*gradients*/, double lr) {
  const double lr_max = std::max(lr, lr_max_.item<double>());
  const double weight =
      std::pow(static_cast<double>(steps()), averaging_.r) * std::pow(lr_max, averaging_.lr_power);
  const double sum = weight_sum_.item<double>() + weight;
  share_ = sum == 0 ? 0 : weight / sum;
  lr_max_.fill_(lr_max);
  weight_sum_.fill_(sum);
}

void ScheduleFree::move(const Update& group, at::TensorList change) const {
  const Tensors &y = group.parameters, &z = group.slots[0];
  at::_foreach_lerp_(y, z, share_);
  at::_foreach_add_(y, change, group.lr * (momentum_ * (1 - share_) - 1));
  at::_foreach_sub_(z, change, group.lr);
}

std::vector<models::NamedTensor> ScheduleFree::weights_to_evaluate() const {
  const at::NoGradGuard no_grad;
  std::vector<models::NamedTensor> all;
  for (std::size_t g = 0; g < groups().size(); ++g) {
    Tensors y;
    for (const auto& [_, parameter] : groups()[g].parameters) y.push_back(parameter.detach());
    const Tensors& z = steps() == 0 ? y : slot(g, 0);  // it holds nothing before the first step
    const Tensors x = at::_foreach_lerp(y, z, 1 - 1 / momentum_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      all.push_back({groups()[g].parameters[i].name, x[i]});
    }
  }
  return all;
}

std::vector<models::NamedTensor> ScheduleFree::own_state() const {
  return {{"lr_max", lr_max_}, {"weight_sum", weight_sum_}};
}

ScheduleFreeSgd::ScheduleFreeSgd(std::vector<ParameterGroup> groups,
                                 const OptimizerOptions& options)
    : ScheduleFree(std::move(groups), {},
                   OwnFields::own_options<ScheduleFreeSgdOptions>(options.own).momentum,
                   OwnFields::own_options<ScheduleFreeSgdOptions>(options.own).averaging) {}

void ScheduleFreeSgd::update(Update& group) {
  if (group.weight_decay != 0) {
    at::_foreach_add_(group.gradients, group.parameters, group.weight_decay);
  }
  move(group, group.gradients);
}

ScheduleFreeAdamW::ScheduleFreeAdamW(std::vector<ParameterGroup> groups,
                                     const OptimizerOptions& options)
    : ScheduleFree(std::move(groups), {{"exp_avg_sq"}},
                   OwnFields::own_options<ScheduleFreeAdamWOptions>(options.own).beta1,
                   OwnFields::own_options<ScheduleFreeAdamWOptions>(options.own).averaging) {
  const auto own = OwnFields::own_options<ScheduleFreeAdamWOptions>(options.own);
  beta2_ = own.beta2;
  eps_ = own.eps;
}

void ScheduleFreeAdamW::update(Update& group) {
  const Tensors &change = group.gradients, &exp_avg_sq = group.slots[1];
  at::_foreach_mul_(exp_avg_sq, beta2_);
  at::_foreach_addcmul_(exp_avg_sq, change, change, 1 - beta2_);
  Tensors denominator =
      at::_foreach_div(exp_avg_sq, 1 - std::pow(beta2_, static_cast<double>(group.step)));
  at::_foreach_sqrt_(denominator);
  at::_foreach_add_(denominator, eps_);
  at::_foreach_div_(change, denominator);
  if (group.weight_decay != 0) at::_foreach_add_(change, group.parameters, group.weight_decay);
  move(group, change);
}

}  // namespace imgcls::optim
