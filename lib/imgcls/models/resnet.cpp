#include <imgcls/models/blur_pool.h>
#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>
#include <imgcls/models/resnet.h>

#include <ATen/ops/max_pool2d.h>
#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv3x3(int in, int out, int stride, int groups = 1) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).groups(groups).bias(false));
}

nn::Conv2d conv1x1(int in, int out, int stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1).stride(stride).bias(false));
}

/// Where a block stands: input channels, channels of its layer's inner convolutions as the paper
/// counts them, stride, the projection of the shortcut, null where that is the identity.
struct ResidualShape {
  int in, planes, stride;
  int groups, width_per_group;
  bool blur;
  double drop_path;
  Chain downsample{nullptr};
};

/// What the two kinds of blocks share: shortcut, sum, ReLU.
class ResidualBlock : public nn::Module {
 public:
  explicit ResidualBlock(const ResidualShape& shape)
      : blurs_(shape.blur && shape.stride > 1), drop_path_(shape.drop_path) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor shortcut = downsample_.is_empty() ? x : downsample_->forward(reducible(x));
    return drop_path_->forward(residual(x)).add_(shortcut).relu_();
  }

  /// The last batch norm of the residual branch, for zero_init_residual.
  virtual BatchNorm2d& last_norm() = 0;

 protected:
  virtual at::Tensor residual(const at::Tensor& x) = 0;

  /// What the block's convolution of stride 2 is given.
  at::Tensor reducible(const at::Tensor& x) const { return blurs_ ? blur_(x, 1) : x; }

  // After the other members, as torchvision registers them; it has drawn its weights before them.
  void register_last(const ResidualShape& shape) {
    if (!shape.downsample.is_empty()) downsample_ = register_module("downsample", shape.downsample);
    register_module("drop_path", drop_path_);
  }

 private:
  bool blurs_;
  BlurPool blur_;
  StochasticDepth drop_path_;
  Chain downsample_{nullptr};
};

/// Two 3x3 convolutions: ResNet-18 and 34.
class BasicBlock : public ResidualBlock {
 public:
  static constexpr int kExpansion = 1;

  explicit BasicBlock(const ResidualShape& s)
      : ResidualBlock(s),
        conv1_(register_module("conv1", conv3x3(s.in, s.planes, s.stride))),
        bn1_(register_module("bn1", BatchNorm2d(s.planes))),
        conv2_(register_module("conv2", conv3x3(s.planes, s.planes, 1))),
        bn2_(register_module("bn2", BatchNorm2d(s.planes))) {
    register_last(s);
  }

  BatchNorm2d& last_norm() override { return bn2_; }

 protected:
  at::Tensor residual(const at::Tensor& x) override {
    return bn2_(conv2_(bn1_(conv1_(reducible(x))).relu_()));
  }

 private:
  nn::Conv2d conv1_;
  BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  BatchNorm2d bn2_;
};

/// 1x1, 3x3, 1x1 with four times the channels at its end.
class Bottleneck : public ResidualBlock {
 public:
  static constexpr int kExpansion = 4;

  explicit Bottleneck(const ResidualShape& s) : Bottleneck(s, inner_width(s)) {}

  BatchNorm2d& last_norm() override { return bn3_; }

 protected:
  at::Tensor residual(const at::Tensor& x) override {
    const at::Tensor narrow = bn1_(conv1_(x)).relu_();
    return bn3_(conv3_(bn2_(conv2_(reducible(narrow))).relu_()));
  }

 private:
  static int inner_width(const ResidualShape& s) {
    constexpr int kPlanesOfFirstLayer = 64;
    return s.planes * s.width_per_group / kPlanesOfFirstLayer * s.groups;
  }

  Bottleneck(const ResidualShape& s, int width)
      : ResidualBlock(s),
        conv1_(register_module("conv1", conv1x1(s.in, width, 1))),
        bn1_(register_module("bn1", BatchNorm2d(width))),
        conv2_(register_module("conv2", conv3x3(width, width, s.stride, s.groups))),
        bn2_(register_module("bn2", BatchNorm2d(width))),
        conv3_(register_module("conv3", conv1x1(width, s.planes * kExpansion, 1))),
        bn3_(register_module("bn3", BatchNorm2d(s.planes * kExpansion))) {
    register_last(s);
  }

  nn::Conv2d conv1_;
  BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  BatchNorm2d bn3_;
};

class ResNet : public Network {
 public:
  // Everything is made in torchvision's order, because each layer draws its first weights from the
  // generator when it is made.
  template <class BlockKind>
  void build(const ResNetShape& shape, const ModelOptions& options) {
    make_stem(options.stem == Stem::small, options.blur_pool);
    int channels = 64, blocks_before = 0;
    for (int i = 0; i < 4; ++i) {
      const std::string name = fmt::format("layer{}", i + 1);
      const Chain layer =
          register_module(name, make_layer<BlockKind>(shape, options, channels, i, blocks_before));
      add_stage(name, layer);
      channels = (64 << i) * BlockKind::kExpansion;
      blocks_before += shape.depths[i];
    }
    fc_ = register_module("fc", nn::Linear(channels, options.classes));
    add_stage("avgpool", global_average);
    add_stage("fc", fc_);
    set_head("fc");
    initialize(options.zero_init_residual);
  }

 private:
  void make_stem(bool small, bool blur) {
    constexpr int kChannels = 64;
    conv1_ = register_module(
        "conv1",
        small ? conv3x3(3, kChannels, 1)
              : nn::Conv2d(nn::Conv2dOptions(3, kChannels, 7).stride(2).padding(3).bias(false)));
    bn1_ = register_module("bn1", BatchNorm2d(kChannels));
    add_stage("stem",
              [this, small, blur](const at::Tensor& images) {
                at::Tensor x = bn1_(conv1_(images)).relu_();
                if (small) return x;
                if (!blur) return at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
                return blur_(at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}), 2);
              },
              {"conv1", "bn1"});
  }

  template <class BlockKind>
  static Chain make_layer(const ResNetShape& net, const ModelOptions& options, int in, int index,
                          int blocks_before) {
    const int planes = 64 << index, out = planes * BlockKind::kExpansion;
    const int all_blocks = net.depths[0] + net.depths[1] + net.depths[2] + net.depths[3];
    Chain layer;
    for (int i = 0; i < net.depths[index]; ++i) {
      ResidualShape shape{
          .in = i == 0 ? in : out,
          .planes = planes,
          .stride = i == 0 && index > 0 ? 2 : 1,
          .groups = net.groups,
          .width_per_group = net.width_per_group,
          .blur = options.blur_pool,
          .drop_path = options.drop_path.value_or(0) * (blocks_before + i) / (all_blocks - 1)};
      if (shape.stride != 1 || shape.in != out) {
        shape.downsample = Chain();
        shape.downsample->add(conv1x1(shape.in, out, shape.stride));
        shape.downsample->add(BatchNorm2d(out));
      }
      layer->add(std::make_shared<BlockKind>(shape));
    }
    return layer;
  }

  void initialize(bool zero_init_residual) {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
      }
      if (auto* block = dynamic_cast<ResidualBlock*>(module.get()); block && zero_init_residual) {
        nn::init::zeros_(block->last_norm()->weight);
      }
    }
  }

  nn::Conv2d conv1_{nullptr};
  BatchNorm2d bn1_{nullptr};
  BlurPool blur_;
  nn::Linear fc_{nullptr};
};

}  // namespace

Model resnet(std::string_view name, const ResNetShape& shape, const ModelOptions& options) {
  auto net = std::make_shared<ResNet>();
  if (shape.bottleneck) {
    net->build<Bottleneck>(shape, options);
  } else {
    net->build<BasicBlock>(shape, options);
  }
  return Model(net, name);
}

std::vector<ModelEntry> resnet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const std::string& paper, const ResNetShape& shape) {
    ModelInfo info{.name = name, .parameters = parameters, .gflops = gflops, .paper = paper};
    info.takes = {
        .zero_init_residual = true, .small_stem = true, .drop_path = true, .blur_pool = true};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return resnet(name, shape, options);
                   }});
  };
  const std::string resnet = "arXiv:1512.03385", resnext = "arXiv:1611.05431",
                    wide = "arXiv:1605.07146";
  entry("resnet18", 11'689'512, 1.814, resnet, {.depths = {2, 2, 2, 2}, .bottleneck = false});
  entry("resnet34", 21'797'672, 3.664, resnet, {.depths = {3, 4, 6, 3}, .bottleneck = false});
  entry("resnet50", 25'557'032, 4.089, resnet, {.depths = {3, 4, 6, 3}});
  entry("resnet101", 44'549'160, 7.801, resnet, {.depths = {3, 4, 23, 3}});
  entry("resnet152", 60'192'808, 11.514, resnet, {.depths = {3, 8, 36, 3}});
  entry("resnext50_32x4d", 25'028'904, 4.23, resnext,
        {.depths = {3, 4, 6, 3}, .groups = 32, .width_per_group = 4});
  entry("resnext101_32x8d", 88'791'336, 16.414, resnext,
        {.depths = {3, 4, 23, 3}, .groups = 32, .width_per_group = 8});
  entry("resnext101_64x4d", 83'455'272, 15.46, resnext,
        {.depths = {3, 4, 23, 3}, .groups = 64, .width_per_group = 4});
  entry("wide_resnet50_2", 68'883'240, 11.398, wide,
        {.depths = {3, 4, 6, 3}, .width_per_group = 128});
  entry("wide_resnet101_2", 126'886'696, 22.753, wide,
        {.depths = {3, 4, 23, 3}, .width_per_group = 128});
  return all;
}

}  // namespace imgcls::models
