#include <imgcls/models/weights.h>
#include <imgcls/train/recipe/average.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace imgcls::train {
namespace {

AverageShare ema(const AverageOptions& options) {
  const auto own = OwnFields::own_options<EmaOptions>(options.own);
  return [own](std::int64_t n) {
    const double risen = 1 - std::pow(1 + static_cast<double>(n), -2.0 / 3);
    return 1 - (own.warmup ? std::min(own.decay, risen) : own.decay);
  };
}

AverageShare mean(const AverageOptions& /*options*/) {
  return [](std::int64_t n) { return 1 / (static_cast<double>(n) + 1); };
}

class Average final : public Ingredient {
 public:
  Average(const AverageOptions& options, AverageShare share, const models::Model& model)
      : options_(options),
        share_(std::move(share)),
        updates_(at::zeros({}, at::TensorOptions().dtype(at::kLong))) {
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : model.parameters()) add(name, tensor, /*averaged=*/true);
    for (const auto& [name, tensor] : model.buffers()) {
      add(name, tensor, options_.buffers && tensor.is_floating_point());
    }
  }

  std::string name() const override { return "average"; }
  bool has_weights() const override { return true; }

  void after_update(const StepInfo& info) override {
    if ((info.step + 1) % options_.every_steps != 0) return;
    const at::NoGradGuard no_grad;
    const auto epoch = static_cast<double>(info.step + 1) /
                       static_cast<double>(std::max<std::int64_t>(1, info.steps_per_epoch));
    if (epoch <= options_.from_epoch) updates_.zero_();
    const auto n = updates_.item<std::int64_t>();
    if (n == 0) {
      at::_foreach_copy_(average_, trained_);
    } else {
      at::_foreach_lerp_(average_, trained_, share_(n));
    }
    if (!copies_.empty()) at::_foreach_copy_(copies_, copied_);
    updates_.add_(1);
  }

  void exchange_weights() override {
    if (updates_.item<std::int64_t>() == 0) return;  // no average yet
    const at::NoGradGuard no_grad;
    exchange(trained_, average_);
    exchange(copied_, copies_);
  }

  /// By the model's names, so that the file serves as weights, and the number of updates.
  std::vector<models::NamedTensor> state() const override {
    std::vector<models::NamedTensor> all = names_;
    all.push_back({"n_averaged", updates_});
    return all;
  }

 private:
  void add(const std::string& name, const at::Tensor& tensor, bool averaged) {
    const at::Tensor copy = tensor.detach().clone();
    (averaged ? trained_ : copied_).push_back(tensor.detach());
    (averaged ? average_ : copies_).push_back(copy);
    names_.push_back({name, copy});
  }

  static void exchange(const std::vector<at::Tensor>& one, const std::vector<at::Tensor>& other) {
    for (std::size_t i = 0; i < one.size(); ++i) {
      const at::Tensor kept = one[i].clone();
      one[i].copy_(other[i]);
      other[i].copy_(kept);
    }
  }

  AverageOptions options_;
  AverageShare share_;
  std::vector<at::Tensor> trained_, average_;  // what is averaged
  std::vector<at::Tensor> copied_, copies_;    // what is copied at each update
  std::vector<models::NamedTensor> names_;     // of average_ and copies_, in the model's order
  at::Tensor updates_;                         // int64, on the CPU
};

const OptionFields<EmaOptions>& ema_fields() {
  using O = EmaOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("decay", &O::decay, "Share of the average that stays at each update.",
          {.minimum = 0, .below = 1});
    f.add("warmup", &O::warmup,
          "Begin with a lower decay: at update n at most 1 - (1 + n)^(-2/3), as timm does.");
    return f;
  }();
  return fields;
}

}  // namespace

Registry<AverageEntry>& averages() {
  static Registry<AverageEntry> known(
      "average", "name",
      {
          {"none", "No average", {}, [](const AverageOptions&) { return AverageShare(); }},
          {"ema", "Exponential moving average", ema_fields(), ema},
          {"swa", "Mean of all (arXiv:1803.05407)", {}, mean},
      });
  return known;
}

std::unique_ptr<Ingredient> make_average(const AverageOptions& options,
                                         const models::Model& model) {
  AverageShare share = averages().at(options.name).make(options);
  if (!share) return nullptr;
  return std::make_unique<Average>(options, std::move(share), model);
}

const OptionFields<AverageOptions>& average_fields() {
  using O = AverageOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_choice("name", &O::name, averages().names(),
                 "Average of the weights, which is evaluated and saved beside them.");
    f.add("every_steps", &O::every_steps, "Steps from one update of the average to the next.",
          Limits::between(1, 1e9));
    f.add("from_epoch", &O::from_epoch,
          "Epochs before the average begins; until then it is the weights themselves.",
          Limits::at_least(0));
    f.add(
        "buffers", &O::buffers,
        "Average batch norm's running statistics, too; else, and with eval.bn_images, they are the "
        "model's.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
