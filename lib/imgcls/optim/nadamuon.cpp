#include <imgcls/optim/foreach_optimizer.h>
#include <imgcls/optim/nadamuon.h>
#include <imgcls/optim/orthogonal.h>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <cmath>

namespace imgcls::optim {
namespace {

/// The layers that are matrices.
class AdaptiveMatrices final : public ForeachOptimizer {
 public:
  AdaptiveMatrices(std::vector<ParameterGroup> groups, const NAdaMuonOptions& options)
      : ForeachOptimizer(std::move(groups), {{"momentum_buffer"}, {"exp_avg_sq"}}),
        options_(options) {}

 private:
  bool wants_whole_groups() const override { return true; }

  void update(Update& group) override {
    const Tensors &momentum = group.slots[0], &exp_avg_sq = group.slots[1];
    at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
    at::_foreach_lerp_(momentum, group.gradients, 1 - options_.momentum);
    Tensors change = at::_foreach_lerp(group.gradients, momentum, options_.momentum);
    const Tensors orthogonal = orthogonalize_all(change, options_.iterations, sharing());
    for (std::size_t i = 0; i < change.size(); ++i) {
      change[i] = orthogonal[i].to(change[i].scalar_type());
    }
    at::_foreach_mul_(exp_avg_sq, options_.beta2);
    at::_foreach_addcmul_(exp_avg_sq, change, change, 1 - options_.beta2);
    // Without the average's bias correction, which would cancel in the division by the norm.
    Tensors denominator = at::_foreach_sqrt(exp_avg_sq);
    at::_foreach_add_(denominator, options_.eps);
    at::_foreach_div_(change, denominator);
    Tensors lengths = at::_foreach_norm(change);
    at::_foreach_add_(lengths, options_.eps);
    at::_foreach_div_(change, lengths);
    for (std::size_t i = 0; i < change.size(); ++i) {
      const double scale = 0.2 * std::sqrt(static_cast<double>(change[i].numel()));
      group.parameters[i].add_(change[i], -group.lr * scale);
    }
  }

  NAdaMuonOptions options_;
};

}  // namespace

const OptionFields<NAdaMuonOptions>& nadamuon_fields() {
  using O = NAdaMuonOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("momentum", &O::momentum, "Nesterov momentum.", {.minimum = 0, .below = 1});
    f.add("beta2", &O::beta2, "Decay of the average of the orthogonal update's square.",
          {.minimum = 0, .below = 1});
    f.add("eps", &O::eps, "Added to denominators.", Limits::greater_than(0));
    f.add("iterations", &O::iterations, "Newton-Schulz iterations.", Limits::between(1, 100));
    f.add("adamw", &O::adamw,
          "Regular expressions: parameters in whose name one is found are updated by AdamW, as are "
          "those that are not matrices.");
    return f;
  }();
  return fields;
}

NAdaMuon::NAdaMuon(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : MatricesAndRest(
          std::move(groups), options, OwnFields::own_options<NAdaMuonOptions>(options.own).adamw,
          "optimizer.nadamuon.adamw", [&](std::vector<ParameterGroup> matrices) {
            return std::make_unique<AdaptiveMatrices>(
                std::move(matrices), OwnFields::own_options<NAdaMuonOptions>(options.own));
          }) {}

}  // namespace imgcls::optim
