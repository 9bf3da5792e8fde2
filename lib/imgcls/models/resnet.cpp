#include <imgcls/core/error.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/models/resnet.h>

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <array>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv3x3(int in, int out, int stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

nn::Conv2d conv1x1(int in, int out, int stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1).stride(stride).bias(false));
}

/// Where a block starts: input channels, channels of its inner convolutions, stride, and the
/// projection of the shortcut, null where the shortcut is the identity.
struct BlockShape {
  int in, planes, stride;
  nn::Sequential downsample{nullptr};
};

/// What the two kinds of blocks share: shortcut, sum, ReLU.
class Block : public nn::Module {
 public:
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor shortcut = downsample_.is_empty() ? x : downsample_->forward(x);
    return residual(x).add_(shortcut).relu_();
  }

  /// The last batch norm of the residual branch, for zero_init_residual.
  virtual BatchNorm2d& last_norm() = 0;

 protected:
  virtual at::Tensor residual(const at::Tensor& x) = 0;

  void register_downsample(const BlockShape& shape) {
    if (!shape.downsample.is_empty()) downsample_ = register_module("downsample", shape.downsample);
  }

 private:
  nn::Sequential downsample_{nullptr};
};

/// Two 3x3 convolutions: ResNet-18 and 34.
class BasicBlock : public Block {
 public:
  static constexpr int kExpansion = 1;

  explicit BasicBlock(const BlockShape& s)
      : conv1_(register_module("conv1", conv3x3(s.in, s.planes, s.stride))),
        bn1_(register_module("bn1", BatchNorm2d(s.planes))),
        conv2_(register_module("conv2", conv3x3(s.planes, s.planes, 1))),
        bn2_(register_module("bn2", BatchNorm2d(s.planes))) {
    register_downsample(s);
  }

  BatchNorm2d& last_norm() override { return bn2_; }

 protected:
  at::Tensor residual(const at::Tensor& x) override {
    return bn2_(conv2_(bn1_(conv1_(x)).relu_()));
  }

 private:
  nn::Conv2d conv1_;
  BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  BatchNorm2d bn2_;
};

/// 1x1, 3x3, 1x1 with four times the channels at its end: ResNet-50, 101 and 152.
class Bottleneck : public Block {
 public:
  static constexpr int kExpansion = 4;

  explicit Bottleneck(const BlockShape& s)
      : conv1_(register_module("conv1", conv1x1(s.in, s.planes, 1))),
        bn1_(register_module("bn1", BatchNorm2d(s.planes))),
        conv2_(register_module("conv2", conv3x3(s.planes, s.planes, s.stride))),
        bn2_(register_module("bn2", BatchNorm2d(s.planes))),
        conv3_(register_module("conv3", conv1x1(s.planes, s.planes * kExpansion, 1))),
        bn3_(register_module("bn3", BatchNorm2d(s.planes * kExpansion))) {
    register_downsample(s);
  }

  BatchNorm2d& last_norm() override { return bn3_; }

 protected:
  at::Tensor residual(const at::Tensor& x) override {
    const at::Tensor narrow = bn2_(conv2_(bn1_(conv1_(x)).relu_())).relu_();
    return bn3_(conv3_(narrow));
  }

 private:
  nn::Conv2d conv1_;
  BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  BatchNorm2d bn3_;
};

class ResNet : public nn::Module {
 public:
  template <class BlockKind>
  static std::shared_ptr<ResNet> make(std::array<int, 4> depths, const ModelOptions& options) {
    auto net = std::make_shared<ResNet>();
    net->build<BlockKind>(depths, options);
    return net;
  }

  at::Tensor forward(const at::Tensor& images) {
    at::Tensor x = bn1_(conv1_(images)).relu_();
    if (stem_ == Stem::imagenet) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
    for (nn::Sequential& layer : layers_) x = layer->forward(x);
    return fc_(at::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }

 private:
  // Everything is made in torchvision's order, because each layer draws its first weights from the
  // generator when it is made.
  template <class BlockKind>
  void build(std::array<int, 4> depths, const ModelOptions& options) {
    stem_ = options.stem;
    conv1_ = register_module(
        "conv1", stem_ == Stem::small
                     ? conv3x3(3, 64, 1)
                     : nn::Conv2d(nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(false)));
    bn1_ = register_module("bn1", BatchNorm2d(64));
    int channels = 64;
    for (int i = 0; i < 4; ++i) {
      layers_[i] = register_module(fmt::format("layer{}", i + 1),
                                   make_layer<BlockKind>(channels, 64 << i, depths[i], i));
      channels = (64 << i) * BlockKind::kExpansion;
    }
    fc_ = register_module("fc", nn::Linear(channels, options.classes));
    initialise(options.zero_init_residual);
  }

  template <class BlockKind>
  static nn::Sequential make_layer(int in, int planes, int depth, int index) {
    const int out = planes * BlockKind::kExpansion;
    const int stride = index == 0 ? 1 : 2;
    nn::Sequential layer;
    for (int i = 0; i < depth; ++i) {
      BlockShape shape{.in = i == 0 ? in : out, .planes = planes, .stride = i == 0 ? stride : 1};
      if (shape.stride != 1 || shape.in != out) {
        // Two statements: the convolution draws its weights, and arguments have no fixed order.
        const nn::Conv2d projection = conv1x1(shape.in, out, shape.stride);
        shape.downsample = nn::Sequential(projection, BatchNorm2d(out));
      }
      layer->push_back(std::make_shared<BlockKind>(shape));
    }
    return layer;
  }

  void initialise(bool zero_init_residual) {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
      }
      if (auto* block = dynamic_cast<Block*>(module.get()); block && zero_init_residual) {
        nn::init::zeros_(block->last_norm()->weight);
      }
    }
  }

  Stem stem_ = Stem::imagenet;
  nn::Conv2d conv1_{nullptr};
  BatchNorm2d bn1_{nullptr};
  std::array<nn::Sequential, 4> layers_{nullptr, nullptr, nullptr, nullptr};
  nn::Linear fc_{nullptr};
};

}  // namespace

Model resnet(int depth, const ModelOptions& options) {
  if (options.width != 0) {
    throw ConfigError(fmt::format("resnet{} takes no model.width (got {})", depth, options.width));
  }
  const std::string name = fmt::format("resnet{}", depth);
  switch (depth) {
    case 18:
      return Model(ResNet::make<BasicBlock>({2, 2, 2, 2}, options), name);
    case 34:
      return Model(ResNet::make<BasicBlock>({3, 4, 6, 3}, options), name);
    case 50:
      return Model(ResNet::make<Bottleneck>({3, 4, 6, 3}, options), name);
    case 101:
      return Model(ResNet::make<Bottleneck>({3, 4, 23, 3}, options), name);
    case 152:
      return Model(ResNet::make<Bottleneck>({3, 8, 36, 3}, options), name);
    default:
      throw ConfigError(fmt::format("no ResNet-{}: depths are 18, 34, 50, 101 and 152", depth));
  }
}

}  // namespace imgcls::models
