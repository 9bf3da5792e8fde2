#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <array>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// DenseNet-BC of the paper's table 1: layers of each block, channels that each layer adds
/// (`growth`, k), channels of the first convolution.
struct DenseNetShape {
  std::array<int, 4> depths;
  int growth = 32, stem = 64;
};

/// Makes `growth` channels of all there are, through a bottleneck of four times as many.
class DenseLayer : public nn::Module {
 public:
  DenseLayer(int in, int growth, double dropout)
      : norm1_(register_module("norm1", BatchNorm2d(in))),
        conv1_(register_module("conv1",
                               nn::Conv2d(nn::Conv2dOptions(in, kWider * growth, 1).bias(false)))),
        norm2_(register_module("norm2", BatchNorm2d(kWider * growth))),
        conv2_(register_module(
            "conv2",
            nn::Conv2d(nn::Conv2dOptions(kWider * growth, growth, 3).padding(1).bias(false)))),
        dropout_(register_module("dropout", nn::Dropout(dropout))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor narrow = conv1_(norm1_(x).relu_());
    return dropout_(conv2_(norm2_(narrow).relu_()));
  }

 private:
  static constexpr int kWider = 4;

  BatchNorm2d norm1_;
  nn::Conv2d conv1_;
  BatchNorm2d norm2_;
  nn::Conv2d conv2_;
  nn::Dropout dropout_;
};

/// Layers, each of which sees what came in and what all before it made.
class DenseBlockImpl : public nn::Module {
 public:
  DenseBlockImpl(int in, int depth, int growth, double dropout) {
    for (int i = 0; i < depth; ++i) {
      layers_.push_back(
          register_module(fmt::format("denselayer{}", i + 1),
                          std::make_shared<DenseLayer>(in + i * growth, growth, dropout)));
    }
  }

  at::Tensor forward(at::Tensor x) {
    for (const auto& layer : layers_) x = at::cat({x, layer->forward(x)}, 1);
    return x;
  }

 private:
  std::vector<std::shared_ptr<DenseLayer>> layers_;
};
TORCH_MODULE(DenseBlock);

/// Between blocks: half the channels, half the resolution.
class TransitionImpl : public nn::Module {
 public:
  explicit TransitionImpl(int in)
      : norm_(register_module("norm", BatchNorm2d(in))),
        conv_(register_module("conv", nn::Conv2d(nn::Conv2dOptions(in, in / 2, 1).bias(false)))) {}

  at::Tensor forward(const at::Tensor& x) {
    return at::avg_pool2d(conv_(norm_(x).relu_()), {2, 2}, {2, 2});
  }

 private:
  BatchNorm2d norm_;
  nn::Conv2d conv_;
};
TORCH_MODULE(Transition);

class DenseNet : public Network {
 public:
  DenseNet(const DenseNetShape& shape, const ModelOptions& options)
      : features_(register_module("features", std::make_shared<nn::Module>())) {
    make_stem(shape.stem);
    int channels = shape.stem;
    for (std::size_t i = 0; i < shape.depths.size(); ++i) {
      if (i > 0) {
        feature(fmt::format("transition{}", i), Transition(channels));
        channels /= 2;
      }
      feature(fmt::format("denseblock{}", i + 1),
              DenseBlock(channels, shape.depths[i], shape.growth, options.dropout.value_or(0)));
      channels += shape.depths[i] * shape.growth;
    }
    feature("norm5", BatchNorm2d(channels));
    add_stage("avgpool", [](const at::Tensor& x) { return global_average(at::relu(x)); });
    register_stage("classifier", nn::Linear(channels, options.classes));
    set_head("classifier");
    initialize();
  }

 private:
  /// A stage within "features".
  template <class M>
  void feature(const std::string& name, const nn::ModuleHolder<M>& module) {
    features_->register_module(name, module);
    add_stage("features." + name, module);
  }

  void make_stem(int channels) {
    const auto conv = features_->register_module(
        "conv0", nn::Conv2d(nn::Conv2dOptions(3, channels, 7).stride(2).padding(3).bias(false)));
    const auto norm = features_->register_module("norm0", BatchNorm2d(channels));
    add_stage("features.pool0",
              [conv, norm, pool = max_pool(3, 2, 1)](const at::Tensor& images) {
                return pool(norm->forward(conv->forward(images)).relu_());
              },
              {"features.conv0", "features.norm0"});
  }

  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<nn::Conv2d>()) nn::init::kaiming_normal_(conv->weight);
      if (auto* linear = module->as<nn::Linear>()) nn::init::zeros_(linear->bias);
    }
  }

  std::shared_ptr<nn::Module> features_;
};

}  // namespace

std::vector<ModelEntry> densenet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const DenseNetShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:1608.06993",
                   .takes = {.dropout = true}};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<DenseNet>(shape, options), name);
                   }});
  };
  entry("densenet121", 7'978'856, 2.834, {.depths = {6, 12, 24, 16}});
  entry("densenet169", 14'149'480, 3.36, {.depths = {6, 12, 32, 32}});
  entry("densenet201", 20'013'928, 4.291, {.depths = {6, 12, 48, 32}});
  entry("densenet161", 28'681'000, 7.728, {.depths = {6, 12, 36, 24}, .growth = 48, .stem = 96});
  return all;
}

}  // namespace imgcls::models
