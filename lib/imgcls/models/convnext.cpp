// ConvNeXt (Liu et al., arXiv:2201.03545): a ResNet modernised after Swin's example, of depthwise
// 7x7 convolutions, layer norm and GELU.

#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/full.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <array>
#include <numeric>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

nn::LayerNormOptions norm_options(int channels) {
  return nn::LayerNormOptions({channels}).eps(1e-6);
}

/// Layer norm over the channels of N x C x H x W.
class ChannelNormImpl : public nn::LayerNormImpl {
 public:
  explicit ChannelNormImpl(int channels) : nn::LayerNormImpl(norm_options(channels)) {}

  at::Tensor forward(const at::Tensor& x) {
    return nn::LayerNormImpl::forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
  }
};
TORCH_MODULE(ChannelNorm);

class ConvNeXtBlock : public nn::Module {
 public:
  ConvNeXtBlock(int channels, double drop_path) : drop_path_(drop_path) {
    constexpr double kLayerScale = 1e-6;
    layers_->add(nn::Conv2d(nn::Conv2dOptions(channels, channels, 7).padding(3).groups(channels)));
    layers_->add([](const at::Tensor& x) { return x.permute({0, 2, 3, 1}); });
    layers_->add(nn::LayerNorm(norm_options(channels)));
    layers_->add(nn::Linear(channels, 4 * channels));
    layers_->add([](const at::Tensor& x) { return activate(Activation::gelu, x); });
    layers_->add(nn::Linear(4 * channels, channels));
    layers_->add([](const at::Tensor& x) { return x.permute({0, 3, 1, 2}); });
    register_module("block", layers_);
    layer_scale_ = register_parameter("layer_scale", at::full({channels, 1, 1}, kLayerScale));
    register_module("stochastic_depth", drop_path_);
  }

  at::Tensor forward(const at::Tensor& x) {
    return drop_path_->forward(layer_scale_ * layers_->forward(x)).add_(x);
  }

 private:
  Chain layers_;
  at::Tensor layer_scale_;
  StochasticDepth drop_path_;
};

/// The four stages' blocks and channels.
struct ConvNeXtShape {
  std::array<int, 4> depths, channels;
  double drop_path;
};

class ConvNeXt : public Network {
 public:
  ConvNeXt(const ConvNeXtShape& shape, const ModelOptions& options) {
    Chain stem;
    stem->add(nn::Conv2d(nn::Conv2dOptions(3, shape.channels[0], 4).stride(4)));
    stem->add(ChannelNorm(shape.channels[0]));
    add_features(stem);
    add_blocks(shape, options.drop_path.value_or(shape.drop_path));
    register_module("features", features_);

    add_stage("avgpool", [](const at::Tensor& x) { return at::adaptive_avg_pool2d(x, {1, 1}); });
    Chain classifier;
    classifier->add(ChannelNorm(shape.channels[3]));
    classifier->add([](const at::Tensor& x) { return x.flatten(1); });
    classifier->add(nn::Linear(shape.channels[3], options.classes));
    register_module("classifier", classifier);
    add_stage("classifier", classifier);
    set_head("classifier.2");
    initialize();
  }

 private:
  void add_blocks(const ConvNeXtShape& shape, double drop_path) {
    const int all = std::accumulate(shape.depths.begin(), shape.depths.end(), 0);
    int made = 0;
    for (std::size_t i = 0; i < shape.depths.size(); ++i) {
      if (i != 0) add_features(reduction(shape.channels[i - 1], shape.channels[i]));
      Chain blocks;
      for (int k = 0; k < shape.depths[i]; ++k) {
        blocks->add(
            std::make_shared<ConvNeXtBlock>(shape.channels[i], drop_path * made++ / (all - 1)));
      }
      add_features(blocks);
    }
  }

  static Chain reduction(int in, int out) {
    Chain chain;
    chain->add(ChannelNorm(in));
    chain->add(nn::Conv2d(nn::Conv2dOptions(in, out, 2).stride(2)));
    return chain;
  }

  void add_features(const Chain& layers) { add_stage_to(features_, "features", layers); }

  void initialize() {
    constexpr double kStd = 0.02;
    for (const auto& module : modules(/*include_self=*/false)) {
      if (const auto* conv = module->as<nn::Conv2d>()) {
        trunc_normal_(conv->weight, 0, kStd);
        nn::init::zeros_(conv->bias);
      } else if (const auto* linear = module->as<nn::Linear>()) {
        trunc_normal_(linear->weight, 0, kStd);
        nn::init::zeros_(linear->bias);
      }
    }
  }

  Chain features_;
};

}  // namespace

std::vector<ModelEntry> convnext_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const ConvNeXtShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:2201.03545",
                   .takes = {.drop_path = true}};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return Model(std::make_shared<ConvNeXt>(shape, options), name);
                   }});
  };
  entry("convnext_tiny", 28'589'128, 4.456, {{3, 3, 9, 3}, {96, 192, 384, 768}, 0.1});
  entry("convnext_small", 50'223'688, 8.684, {{3, 3, 27, 3}, {96, 192, 384, 768}, 0.4});
  entry("convnext_base", 88'591'464, 15.355, {{3, 3, 27, 3}, {128, 256, 512, 1024}, 0.5});
  entry("convnext_large", 197'767'336, 34.361, {{3, 3, 27, 3}, {192, 384, 768, 1536}, 0.5});
  return all;
}

}  // namespace imgcls::models
