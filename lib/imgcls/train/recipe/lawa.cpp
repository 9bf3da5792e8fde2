#include <imgcls/train/recipe/kept_weights.h>
#include <imgcls/train/recipe/lawa.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace imgcls::train {
namespace {

class Lawa final : public Ingredient {
 public:
  Lawa(const AverageOptions& options, const models::Model& model)
      : last_(OwnFields::own_options<LawaOptions>(options.own).last),
        from_epoch_(options.from_epoch),
        kept_(model, options.buffers),
        collected_(at::zeros({}, at::TensorOptions().dtype(at::kLong))) {
    const at::NoGradGuard no_grad;
    for (int i = 0; i < last_; ++i) {
      std::vector<at::Tensor>& epoch = epochs_.emplace_back();
      for (const at::Tensor& each : kept_.trained()) epoch.push_back(at::zeros_like(each));
    }
  }

  std::string name() const override { return "average"; }
  bool has_weights() const override { return true; }

  void after_update(const StepInfo& info) override {
    const std::int64_t per_epoch = std::max<std::int64_t>(1, info.steps_per_epoch);
    const std::int64_t done = info.step + 1;
    const at::NoGradGuard no_grad;
    const auto before = collected_.item<std::int64_t>();
    if (done % per_epoch != 0 || static_cast<double>(done / per_epoch) <= from_epoch_) {
      if (before == 0) kept_.copy_all();
      return;
    }
    at::_foreach_copy_(epochs_[static_cast<std::size_t>(before % last_)], kept_.trained());
    collected_.add_(1);
    average(before + 1);
    kept_.copy_rest();
  }

  void exchange_weights() override {
    const at::NoGradGuard no_grad;
    kept_.exchange();
  }

  std::vector<models::NamedTensor> state() const override { return kept_.named(); }

  std::vector<IngredientState> more_state() const override {
    IngredientState more{.name = "lawa", .tensors = {{"collected", collected_}}};
    for (std::size_t i = 0; i < epochs_.size(); ++i) {
      for (std::size_t k = 0; k < epochs_[i].size(); ++k) {
        more.tensors.push_back({fmt::format("{}.{}", i, kept_.averaged_names()[k]), epochs_[i][k]});
      }
    }
    return {more};
  }

 private:
  /// From the oldest to the newest, so that a run that goes on adds in the same order.
  void average(std::int64_t collected) {
    const std::int64_t count = std::min<std::int64_t>(collected, last_);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto& epoch = epochs_[static_cast<std::size_t>((collected - count + i) % last_)];
      if (i == 0) {
        at::_foreach_copy_(kept_.average(), epoch);
      } else {
        at::_foreach_add_(kept_.average(), epoch);
      }
    }
    at::_foreach_div_(kept_.average(), static_cast<double>(count));
  }

  std::int64_t last_;
  double from_epoch_;
  KeptWeights kept_;
  std::vector<std::vector<at::Tensor>> epochs_;  // a ring
  at::Tensor collected_;                         // int64, on the CPU: epochs so far
};

}  // namespace

std::unique_ptr<Ingredient> make_lawa(const AverageOptions& options, const models::Model& model) {
  return std::make_unique<Lawa>(options, model);
}

const OptionFields<LawaOptions>& lawa_fields() {
  using O = LawaOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("last", &O::last,
          "Of how many epochs' ends the weights are averaged; each takes the memory of the weights "
          "once more.",
          Limits::between(1, 1000));
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
