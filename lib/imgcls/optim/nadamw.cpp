#include <imgcls/optim/moments.h>
#include <imgcls/optim/nadamw.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

namespace imgcls::optim {

const OptionFields<NAdamWOptions>& nadamw_fields() {
  using O = NAdamWOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    add_moment_options(f);
    f.add("momentum_decay", &O::momentum_decay, "How fast the momentum rises to the first beta.",
          Limits::at_least(0));
    return f;
  }();
  return fields;
}

NAdamW::NAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : ForeachOptimizer(std::move(groups), {{"exp_avg"}, {"exp_avg_sq"}}),
      options_(OwnFields::own_options<NAdamWOptions>(options.own)) {}

double NAdamW::momentum(std::int64_t step) const {
  const double done = static_cast<double>(step) * options_.momentum_decay;
  return options_.beta1 * (1 - 0.5 * std::pow(0.96, done));
}

void NAdamW::begin(const Tensors& /*gradients*/, double /*lr*/) {
  product_ = 1;
  for (std::int64_t step = 1; step <= steps(); ++step) {
    product_ *= static_cast<float>(momentum(step));
    if (product_ == 0) break;
  }
}

void NAdamW::update(Update& group) {
  const double correction =
      std::sqrt(1 - std::pow(options_.beta2, static_cast<double>(group.step)));
  const Tensors &exp_avg = group.slots[0], &exp_avg_sq = group.slots[1];

  at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
  update_moments(exp_avg, exp_avg_sq, group.gradients, options_.beta1, options_.beta2);
  Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
  at::_foreach_div_(denominator, correction);
  at::_foreach_add_(denominator, options_.eps);
  const double now = momentum(group.step), next = momentum(group.step + 1);
  at::_foreach_addcdiv_(group.parameters, group.gradients, denominator,
                        -group.lr * (1 - now) / (1 - static_cast<double>(product_)));
  at::_foreach_addcdiv_(group.parameters, exp_avg, denominator,
                        -group.lr * next / (1 - static_cast<double>(product_) * next));
}

}  // namespace imgcls::optim
