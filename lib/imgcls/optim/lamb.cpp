#include <imgcls/optim/caution.h>
#include <imgcls/optim/lamb.h>
#include <imgcls/optim/moments.h>
#include <imgcls/optim/norms.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

namespace imgcls::optim {

const OptionFields<LambOptions>& lamb_fields() {
  using O = LambOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    add_moment_options(f);
    f.add("max_grad_norm", &O::max_grad_norm,
          "Largest norm of all gradients together, to which they are scaled down; 0: no limit.",
          Limits::at_least(0));
    f.add("trust_clip", &O::trust_clip, "Limit the ratio of a layer's norms to 1.");
    return f;
  }();
  return fields;
}

Lamb::Lamb(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
      options_(OwnFields::own_options<LambOptions>(options.own)),
      cautious_(options.cautious) {}

void Lamb::begin(const Tensors& gradients, double /*lr*/) {
  clip_ = at::Tensor();
  if (options_.max_grad_norm == 0 || gradients.empty()) return;
  clip_ = total_norm(gradients).div(options_.max_grad_norm).clamp_min(1);
}

void Lamb::update(Update& group) {
  const auto step = static_cast<double>(group.step);
  const double correction1 = 1 - std::pow(options_.beta1, step);
  const double correction2 = std::sqrt(1 - std::pow(options_.beta2, step));
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1];
  const Tensors& gradients = group.gradients;
  if (clip_.defined()) at::_foreach_div_(gradients, clip_);
  update_moments(exp_avg, exp_avg_sq, gradients, options_.beta1, options_.beta2);

  // The corrections of both averages are one factor, which goes into decay, norm and rate.
  Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_add_(denominator, options_.eps * correction2);
  Tensors update = at::_foreach_div(exp_avg, denominator);
  if (cautious_) update = cautious(update, gradients);
  const double scale = correction2 / correction1;
  if (group.weight_decay == 0) {
    at::_foreach_add_(group.parameters, update, -group.lr * scale);
    return;
  }
  at::_foreach_add_(update, group.parameters, group.weight_decay / scale);
  const at::Tensor weights = norms(group.parameters);
  const at::Tensor updates = norms(update).mul(scale);
  at::Tensor ratio = trusted(weights.div(updates), weights, updates);
  if (options_.trust_clip) ratio.clamp_max_(1);
  at::_foreach_mul_(update, ratio.mul(-group.lr * scale).unbind());
  at::_foreach_add_(group.parameters, update);
}

}  // namespace imgcls::optim
