#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/kept_weights.h>
#include <imgcls/train/recipe/lawa.h>

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
        kept_(model, options.buffers),
        updates_(at::zeros({}, at::TensorOptions().dtype(at::kLong))) {}

  std::string name() const override { return "average"; }
  bool has_weights() const override { return true; }

  void after_update(const StepInfo& info) override {
    const at::NoGradGuard no_grad;
    if ((info.step + 1) % options_.every_steps != 0) {
      if (updates_.item<std::int64_t>() == 0) kept_.copy_all();
      return;
    }
    const auto epoch = static_cast<double>(info.step + 1) /
                       static_cast<double>(std::max<std::int64_t>(1, info.steps_per_epoch));
    if (epoch <= options_.from_epoch) updates_.zero_();
    const auto n = updates_.item<std::int64_t>();
    if (n == 0) {
      at::_foreach_copy_(kept_.average(), kept_.trained());
    } else {
      at::_foreach_lerp_(kept_.average(), kept_.trained(), share_(n));
    }
    kept_.copy_rest();
    updates_.add_(1);
  }

  void exchange_weights() override {
    const at::NoGradGuard no_grad;
    kept_.exchange();
  }

  /// By the model's names, so that the file serves as weights, and the number of updates.
  std::vector<models::NamedTensor> state() const override {
    std::vector<models::NamedTensor> all = kept_.named();
    all.push_back({"n_averaged", updates_});
    return all;
  }

 private:
  AverageOptions options_;
  AverageShare share_;
  KeptWeights kept_;
  at::Tensor updates_;  // int64, on the CPU
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
          {"lawa",
           "Mean of the last epochs' ends (arXiv:2209.14981)",
           lawa_fields(),
           {},
           make_lawa},
          {"swa", "Mean of all (arXiv:1803.05407)", {}, mean},
      });
  return known;
}

std::unique_ptr<Ingredient> make_average(const AverageOptions& options,
                                         const models::Model& model) {
  const AverageEntry& entry = averages().at(options.name);
  if (entry.whole) return entry.whole(options, model);
  AverageShare share = entry.make(options);
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
