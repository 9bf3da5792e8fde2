#include <imgcls/optim/foreach_optimizer.h>
#include <imgcls/optim/muon.h>

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/linalg_vector_norm.h>

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
  void update(Update& group) override {
    at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
    const Tensors& momentum = group.slots[0];
    at::_foreach_lerp_(momentum, group.gradients, 1 - options_.momentum);
    const Tensors direction = options_.nesterov
                                  ? at::_foreach_lerp(group.gradients, momentum, options_.momentum)
                                  : momentum;
    for (std::size_t i = 0; i < direction.size(); ++i) {
      const at::Tensor& parameter = group.parameters[i];
      const std::int64_t rows = parameter.size(0), columns = parameter.numel() / rows;
      const at::Tensor change =
          orthogonalize(direction[i].reshape({rows, columns}), options_.iterations)
              .reshape(parameter.sizes());
      parameter.add_(change, -group.lr * factor(options_.scale, static_cast<double>(rows),
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

at::Tensor orthogonalize(const at::Tensor& matrix, int iterations) {
  constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = matrix.to(at::kBFloat16);
  if (tall) x = x.t();
  x = x.div(at::linalg_vector_norm(x).clamp_min(1e-7)).contiguous();
  for (int i = 0; i < iterations; ++i) {
    const at::Tensor a = x.mm(x.t());
    const at::Tensor b = at::addmm(a, a, a, kB, kC);
    x = at::addmm(x, b, x, kA);
  }
  return tall ? x.t() : x;
}

Muon::Muon(std::vector<ParameterGroup> groups, const OptimizerOptions& options)
    : MatricesAndRest(std::move(groups), options,
                      OwnFields::own_options<MuonOptions>(options.own).adamw,
                      "optimizer.muon.adamw", [&](std::vector<ParameterGroup> matrices) {
                        return std::make_unique<OrthogonalMatrices>(
                            std::move(matrices), OwnFields::own_options<MuonOptions>(options.own));
                      }) {}

}  // namespace imgcls::optim
