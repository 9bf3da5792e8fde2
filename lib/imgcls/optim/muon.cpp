#include <imgcls/optim/foreach_optimizer.h>
#include <imgcls/optim/muon.h>
#include <imgcls/optim/orthogonal.h>

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>

#include <algorithm>
#include <cmath>

namespace imgcls::optim {
namespace {

constexpr Names<MuonScale, 2> kScales{
    {{MuonScale::rms_of_adamw, "rms_of_adamw"}, {MuonScale::original, "original"}}};

double factor(MuonScale scale, double rows, double columns) {
  if (scale == MuonScale::original) return std::sqrt(std::max(1.0, rows / columns));
  return 0.2 * std::sqrt(std::max(rows, columns));
}

/// The layers that are matrices.
class OrthogonalMatrices final : public ForeachOptimizer {
 public:
  OrthogonalMatrices(std::vector<ParameterGroup> groups, const MuonOptions& options)
      : ForeachOptimizer(std::move(groups), {{"momentum_buffer"}}), options_(options) {}

 private:
  bool wants_whole_groups() const override { return true; }

  void update(Update& group) override {
    at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
    const Tensors& momentum = group.slots[0];
    at::_foreach_lerp_(momentum, group.gradients, 1 - options_.momentum);
    const Tensors direction = options_.nesterov
                                  ? at::_foreach_lerp(group.gradients, momentum, options_.momentum)
                                  : momentum;
    const Tensors changes = orthogonalize_all(direction, options_.iterations, sharing());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const at::Tensor& parameter = group.parameters[i];
      const std::int64_t rows = parameter.size(0), columns = parameter.numel() / rows;
      parameter.add_(changes[i], -group.lr * factor(options_.scale, static_cast<double>(rows),
                                                    static_cast<double>(columns)));
    }
  }

  MuonOptions options_;
};

}  // namespace

const OptionFields<MuonOptions>& muon_fields() {
  using O = MuonOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("momentum", &O::momentum, "Momentum.", {.minimum = 0, .below = 1});
    f.add("nesterov", &O::nesterov, "Nesterov's form of momentum.");
    f.add("iterations", &O::iterations, "Newton-Schulz iterations.", Limits::between(1, 100));
    f.add("scale", &O::scale, kScales,
          "Factor of a layer's update: rms_of_adamw: 0.2 sqrt(max(out, in)), so that AdamW's "
          "learning rates and decays fit; original: sqrt(max(1, out / in)).");
    f.add("adamw", &O::adamw,
          "Regular expressions: parameters in whose name one is found are updated by AdamW, as are "
          "those that are not matrices.");
    return f;
  }();
  return fields;
}

Muon::Muon(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : MatricesAndRest(std::move(groups), options,
                      OwnFields::own_options<MuonOptions>(options.own).adamw,
                      "optimizer.muon.adamw", [&](std::vector<ParameterGroup> matrices) {
                        return std::make_unique<OrthogonalMatrices>(
                            std::move(matrices), OwnFields::own_options<MuonOptions>(options.own));
                      }) {}

}  // namespace imgcls::optim
