#include <imgcls/optim/norms.h>
#include <imgcls/train/recipe/sam.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_abs.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>

#include <vector>

namespace imgcls::train {
namespace {

class Sam final : public Ingredient {
 public:
  Sam(const SamOptions& options, const models::Model& model) : options_(options), model_(model) {}

  std::string name() const override { return "sam"; }
  bool climbs() const override { return true; }

  void climb(const optim::Optimizer& optimizer) override {
    const at::NoGradGuard no_grad;
    weights_.clear();
    buffers_.clear();
    std::vector<at::Tensor> gradients;
    for (const optim::ParameterGroup& group : optimizer.groups()) {
      for (const auto& [name, parameter] : group.parameters) {
        if (!parameter.grad().defined()) continue;
        weights_.push_back(parameter.detach());
        gradients.push_back(parameter.grad());
      }
    }
    for (const auto& [name, buffer] : model_.buffers()) buffers_.push_back(buffer);
    kept_weights_ = copies(weights_);
    kept_buffers_ = copies(buffers_);
    if (weights_.empty()) return;

    std::vector<at::Tensor> direction = gradients;
    if (options_.adaptive) direction = at::_foreach_mul(at::_foreach_abs(weights_), gradients);
    const at::Tensor norm = optim::total_norm(direction);
    if (options_.adaptive) {
      direction = at::_foreach_mul(at::_foreach_mul(weights_, weights_), gradients);
    }
    const at::Tensor length = norm.add(1e-12).reciprocal().mul(options_.rho);
    at::_foreach_add_(weights_, at::_foreach_mul(direction, length));
  }

  void come_back() override {
    const at::NoGradGuard no_grad;
    if (!weights_.empty()) at::_foreach_copy_(weights_, kept_weights_);
    if (!buffers_.empty()) at::_foreach_copy_(buffers_, kept_buffers_);
  }

 private:
  static std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> made;
    made.reserve(tensors.size());
    for (const at::Tensor& each : tensors) made.push_back(each.clone());
    return made;
  }

  SamOptions options_;
  models::Model model_;
  std::vector<at::Tensor> weights_, buffers_, kept_weights_, kept_buffers_;
};

}  // namespace

std::unique_ptr<Ingredient> make_sam(const SamOptions& options, const models::Model& model) {
  return options.rho == 0 ? nullptr : std::make_unique<Sam>(options, model);
}

const OptionFields<SamOptions>& sam_fields() {
  using O = SamOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("rho", &O::rho,
          "How far weights move uphill before a step's gradients are taken (L2 norm); 0: not.",
          Limits::at_least(0));
    f.add("adaptive", &O::adaptive, "Measure that against the size of each weight (ASAM).");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
