#include <imgcls/optim/norms.h>
#include <imgcls/train/recipe/clip.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/where.h>

#include <numeric>
#include <utility>

namespace imgcls::train {
namespace {

Clip by_norm(const ClipOptions& options) {
  const double most = OwnFields::own_options<NormClipOptions>(options.own).most;
  return [most](optim::Optimizer& optimizer, const std::string& /*head*/) {
    const std::vector<at::Tensor> gradients = optimizer.gradients();
    if (gradients.empty()) return;
    at::_foreach_mul_(gradients,
                      optim::total_norm(gradients).add(1e-6).reciprocal().mul(most).clamp_max(1));
  };
}

Clip by_value(const ClipOptions& options) {
  const double most = OwnFields::own_options<ValueClipOptions>(options.own).most;
  return [most](optim::Optimizer& optimizer, const std::string& /*head*/) {
    const std::vector<at::Tensor> gradients = optimizer.gradients();
    if (gradients.empty()) return;
    at::_foreach_clamp_min_(gradients, -most);
    at::_foreach_clamp_max_(gradients, most);
  };
}

/// Of each output (all but the first dimension); of a vector, the whole.
at::Tensor norms_of_outputs(const at::Tensor& values) {
  if (values.dim() <= 1) return at::linalg_vector_norm(values);
  std::vector<std::int64_t> others(static_cast<std::size_t>(values.dim() - 1));
  std::iota(others.begin(), others.end(), 1);
  return at::linalg_vector_norm(values, 2, others, /*keepdim=*/true);
}

Clip adaptive(const ClipOptions& options) {
  const auto own = OwnFields::own_options<AdaptiveClipOptions>(options.own);
  return [own](optim::Optimizer& optimizer, const std::string& head) {
    for (const optim::ParameterGroup& group : optimizer.groups()) {
      for (const auto& [name, parameter] : group.parameters) {
        if (!parameter.grad().defined() || (!head.empty() && name.starts_with(head + ".")))
          continue;
        at::Tensor gradient = parameter.grad();
        const at::Tensor most =
            norms_of_outputs(parameter.detach()).clamp_min(own.eps).mul(own.share);
        const at::Tensor norm = norms_of_outputs(gradient);
        gradient.copy_(
            at::where(norm.lt(most), gradient, gradient.mul(most.div(norm.clamp_min(1e-6)))));
      }
    }
  };
}

class Clipper final : public Ingredient {
 public:
  Clipper(Clip clip, std::string head) : clip_(std::move(clip)), head_(std::move(head)) {}

  std::string name() const override { return "clip"; }
  bool changes_gradients() const override { return true; }

  void after_backward(const StepInfo& /*info*/, optim::Optimizer& optimizer) override {
    const at::NoGradGuard no_grad;
    clip_(optimizer, head_);
  }

 private:
  Clip clip_;
  std::string head_;
};

const OptionFields<NormClipOptions>& norm_clip_fields() {
  static const OptionFields<NormClipOptions> fields = [] {
    OptionFields<NormClipOptions> f;
    f.add("most", &NormClipOptions::most, "Largest L2 norm of all gradients together.",
          Limits::greater_than(0));
    return f;
  }();
  return fields;
}

const OptionFields<ValueClipOptions>& value_clip_fields() {
  static const OptionFields<ValueClipOptions> fields = [] {
    OptionFields<ValueClipOptions> f;
    f.add("most", &ValueClipOptions::most, "Largest absolute value of a gradient.",
          Limits::greater_than(0));
    return f;
  }();
  return fields;
}

const OptionFields<AdaptiveClipOptions>& adaptive_clip_fields() {
  using O = AdaptiveClipOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("share", &O::share, "Largest norm of an output's gradient, as a share of its weights'.",
          Limits::greater_than(0));
    f.add("eps", &O::eps, "Least norm that weights are taken to have.", Limits::greater_than(0));
    return f;
  }();
  return fields;
}

}  // namespace

Registry<ClipEntry>& clips() {
  static Registry<ClipEntry> known(
      "clip", "name",
      {
          {"none", "No limit", {}, [](const ClipOptions&) { return Clip(); }},
          {"norm", "The norm of all gradients together", norm_clip_fields(), by_norm},
          {"value", "Each value", value_clip_fields(), by_value},
          {"adaptive",
           "The norm of each output's gradient by that of its weights "
           "(arXiv:2102.06171)",
           adaptive_clip_fields(), adaptive},
      });
  return known;
}

std::unique_ptr<Ingredient> make_clipper(const ClipOptions& options, const std::string& head) {
  Clip clip = clips().at(options.name).make(options);
  if (!clip) return nullptr;
  return std::make_unique<Clipper>(std::move(clip), head);
}

const OptionFields<ClipOptions>& clip_fields() {
  static const OptionFields<ClipOptions> fields = [] {
    OptionFields<ClipOptions> f;
    f.add_choice("name", &ClipOptions::name, clips().names(), "How gradients are limited.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
