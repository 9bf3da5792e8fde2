#include <imgcls/optim/moments.h>
#include <imgcls/optim/radam.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_reciprocal.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

namespace imgcls::optim {
namespace {

/// What the adaptive rate is multiplied by once its variance is finite; 0 before.
double rectification(double beta2, double step) {
  const double longest = 2 / (1 - beta2) - 1, decayed = std::pow(beta2, step);
  const double length = longest - 2 * step * decayed / (1 - decayed);
  if (length <= 5) return 0;
  return std::sqrt((length - 4) * (length - 2) * longest /
                   ((longest - 4) * (longest - 2) * length));
}

}  // namespace

const OptionFields<RAdamOptions>& radam_fields() {
  using O = RAdamOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    add_moment_options(f);
    f.add("decoupled", &O::decoupled, "Weight decay apart from the gradient, as AdamW's.");
    return f;
  }();
  return fields;
}

RAdam::RAdam(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
      options_(OwnFields::own_options<RAdamOptions>(options.own)) {}

void RAdam::update(Update& group) {
  const auto step = static_cast<double>(group.step);
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1];
  Tensors gradients = group.gradients;
  if (group.weight_decay != 0 && options_.decoupled) {
    at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  } else if (group.weight_decay != 0) {
    gradients = at::_foreach_add(gradients, group.parameters, group.weight_decay);
  }
  update_moments(exp_avg, exp_avg_sq, gradients, options_.beta1, options_.beta2);

  const double rate = group.lr / (1 - std::pow(options_.beta1, step));
  const double rectified = rectification(options_.beta2, step);
  if (rectified == 0) {  // as gradient descent with momentum
    at::_foreach_add_(group.parameters, exp_avg, -rate);
    return;
  }
  Tensors factor = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_add_(factor, options_.eps);
  at::_foreach_div_(factor, -std::sqrt(1 - std::pow(options_.beta2, step)) * rate * rectified);
  at::_foreach_reciprocal_(factor);
  at::_foreach_addcmul_(group.parameters, exp_avg, factor, 1);
}

}  // namespace imgcls::optim
