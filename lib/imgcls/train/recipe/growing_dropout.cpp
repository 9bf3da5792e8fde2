#include <imgcls/core/error.h>
#include <imgcls/train/recipe/growing_dropout.h>

#include <fmt/format.h>
#include <torch/nn/modules/dropout.h>

#include <utility>
#include <vector>

namespace imgcls::train {
namespace {

/// A layer, and its probability at last.
struct DropoutLayer {
  std::shared_ptr<torch::nn::Module> module;
  double last;

  torch::nn::DropoutImpl& dropout() const { return *module->as<torch::nn::Dropout>(); }
};

std::vector<DropoutLayer> dropout_layers(const models::Model& model) {
  std::vector<DropoutLayer> layers;
  for (const auto& module : model.module().modules(/*include_self=*/false)) {
    const auto* layer = module->as<torch::nn::Dropout>();
    if (layer != nullptr && layer->options.p() > 0) layers.push_back({module, layer->options.p()});
  }
  return layers;
}

class GrowingDropout final : public Ingredient {
 public:
  GrowingDropout(const ProgressiveOptions& options, std::vector<DropoutLayer> layers)
      : options_(options), layers_(std::move(layers)) {}

  std::string name() const override { return "dropout"; }

  void begin_epoch(std::uint32_t epoch) override {
    for (const DropoutLayer& layer : layers_) {
      layer.dropout().options.p(value_at(options_, options_.dropout, layer.last, epoch));
    }
  }

 private:
  ProgressiveOptions options_;
  std::vector<DropoutLayer> layers_;
};

}  // namespace

std::unique_ptr<Ingredient> make_growing_dropout(const ProgressiveOptions& options,
                                                 const models::Model& model) {
  if (options.dropout == ProgressiveOptions::kNone) return nullptr;
  std::vector<DropoutLayer> layers = dropout_layers(model);
  if (layers.empty()) {
    throw ConfigError(
        fmt::format("progressive.dropout={} needs a model with dropout above 0 to grow to, and {} "
                    "has none; see model.dropout",
                    options.dropout, model.name()));
  }
  for (const DropoutLayer& layer : layers) {
    if (options.dropout <= layer.last) continue;
    throw ConfigError(
        fmt::format("progressive.dropout must be at most the model's dropout of {}, to which it "
                    "grows, not {}",
                    layer.last, options.dropout));
  }
  return std::make_unique<GrowingDropout>(options, std::move(layers));
}

}  // namespace imgcls::train
