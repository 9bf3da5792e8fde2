// MaxViT (Tu et al., arXiv:2204.01697): each layer is an MBConv, attention within windows, and
// attention between pixels that lie on a grid over the whole image.

#include <imgcls/core/error.h>
#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>
#include <imgcls/models/transformer.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <array>
#include <cmath>
#include <numeric>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// Pixels along a window's side, and along the grid's.
constexpr int kSide = 7;
constexpr int kHeadWidth = 32;
constexpr double kNormEps = 1e-3, kNormMomentum = 0.01;

nn::Conv2d conv1x1(int in, int out) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1));
}

ConvNormActOptions conv_options(ConvNormActOptions options) {
  options.activation = Activation::gelu;
  options.eps = kNormEps;
  options.momentum = kNormMomentum;
  return options;
}

at::Tensor gelu(const at::Tensor& x) {
  return activate(Activation::gelu, x);
}

/// MobileNetV2's block with squeeze-and-excitation, normalized before instead of after.
class MBConv : public nn::Module {
 public:
  MBConv(int in, int out, int stride, double drop_path) : drop_path_(drop_path) {
    constexpr int kExpansion = 4;
    if (stride != 1) {
      shortcut_ = Chain();
      shortcut_->add([](const at::Tensor& x) { return at::avg_pool2d(x, {3, 3}, {2, 2}, {1, 1}); });
      shortcut_->add(conv1x1(in, out));
      register_module("proj", shortcut_);
    }
    register_module("stochastic_depth", drop_path_);
    const int wide = out * kExpansion;
    layers_->add("pre_norm",
                 BatchNorm2d(nn::BatchNorm2dOptions(in).eps(kNormEps).momentum(kNormMomentum)));
    layers_->add("conv_a", conv_norm_act(in, wide, conv_options({.kernel = 1})));
    layers_->add("conv_b",
                 conv_norm_act(wide, wide, conv_options({.stride = stride, .groups = wide})));
    layers_->add("squeeze_excitation", SqueezeExcite(wide, out / 4, Activation::silu));
    layers_->add("conv_c", conv1x1(wide, out));
    register_module("layers", layers_);
  }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor shortcut = shortcut_.is_empty() ? x : shortcut_->forward(x);
    return shortcut + drop_path_->forward(layers_->forward(x));
  }

 private:
  Chain shortcut_{nullptr}, layers_;
  StochasticDepth drop_path_;
};

/// Attention with a learned bias for each relative position: N x groups x kSide^2 x width, within
/// the groups.
class RelativeAttentionImpl : public nn::Module {
 public:
  explicit RelativeAttentionImpl(int width)
      : heads_(width / kHeadWidth),
        to_qkv_(register_module("to_qkv", nn::Linear(width, 3 * width))),
        merge_(register_module("merge", nn::Linear(width, width))),
        table_(register_parameter("relative_position_bias_table",
                                  at::empty({(2 * kSide - 1) * (2 * kSide - 1), heads_}))),
        positions_(register_buffer("relative_position_index", relative_positions(kSide))) {
    trunc_normal_(table_, 0, 0.02);
  }

  at::Tensor forward(const at::Tensor& x) {
    // By all channels' number, where others take a head's.
    const double scale = 1 / std::sqrt(static_cast<double>(heads_ * kHeadWidth));
    return merge_(window_attention(to_qkv_(x), heads_, relative_bias(table_, positions_), scale));
  }

 private:
  int heads_;
  nn::Linear to_qkv_, merge_;
  at::Tensor table_, positions_;
};
TORCH_MODULE(RelativeAttention);

enum class Partition { windows, grid };

/// Attention and MLP in the groups of a partition, N x C x H x W from and to.
class PartitionAttention : public nn::Module {
 public:
  PartitionAttention(int width, Partition partition, double drop_path)
      : partition_(partition), drop_path_(drop_path) {
    constexpr int kExpansion = 4;
    attention_->add(nn::LayerNorm(nn::LayerNormOptions({width})));
    attention_->add(RelativeAttention(width));
    register_module("attn_layer", attention_);
    mlp_->add(nn::LayerNorm(nn::LayerNormOptions({width})));
    mlp_->add(nn::Linear(width, width * kExpansion));
    mlp_->add(gelu);
    mlp_->add(nn::Linear(width * kExpansion, width));
    register_module("mlp_layer", mlp_);
    register_module("stochastic_dropout", drop_path_);
  }

  at::Tensor forward(const at::Tensor& images) {
    const std::int64_t height = images.size(2), width = images.size(3);
    if (height != width || height % kSide != 0) {
      throw ConfigError("MaxViT takes square images whose side is a multiple of 224 pixels");
    }
    // The grid's pixels lie height / kSide apart, as those at equal places of larger windows do.
    const bool grid = partition_ == Partition::grid;
    const std::int64_t side = grid ? height / kSide : kSide;
    at::Tensor x = to_windows(images.permute({0, 2, 3, 1}), side);
    if (grid) x = x.transpose(1, 2);
    x = x + drop_path_->forward(attention_->forward(x));
    x = x + drop_path_->forward(mlp_->forward(x));
    if (grid) x = x.transpose(1, 2);
    return from_windows(x, side, height, width).permute({0, 3, 1, 2});
  }

 private:
  Partition partition_;
  Chain attention_, mlp_;
  StochasticDepth drop_path_;
};

/// One layer, in a chain of that name, as torchvision has it.
Chain layer(int in, int out, int stride, double drop_path) {
  Chain parts;
  parts->add("MBconv", std::make_shared<MBConv>(in, out, stride, drop_path));
  parts->add("window_attention",
             std::make_shared<PartitionAttention>(out, Partition::windows, drop_path));
  parts->add("grid_attention",
             std::make_shared<PartitionAttention>(out, Partition::grid, drop_path));
  Chain named;
  named->add("layers", parts);
  return named;
}

struct MaxVitShape {
  int stem;
  std::array<int, 4> channels, depths;
  double drop_path;
};

class MaxVit : public Network {
 public:
  MaxVit(const MaxVitShape& shape, const ModelOptions& options) {
    Chain stem, second;
    stem->add(conv_norm_act(3, shape.stem, conv_options({.stride = 2})));
    second->add(nn::Conv2d(nn::Conv2dOptions(shape.stem, shape.stem, 3).padding(1)));
    stem->add(second);
    register_module("stem", stem);
    add_stage("stem", stem);
    add_blocks(shape, options.drop_path.value_or(shape.drop_path));
    add_classifier(shape.channels.back(), options.classes);
    initialize();
  }

 private:
  void add_blocks(const MaxVitShape& shape, double drop_path) {
    const double step =
        drop_path / (std::accumulate(shape.depths.begin(), shape.depths.end(), 0) - 1);
    Chain blocks;
    int in = shape.stem, made = 0;
    for (std::size_t i = 0; i < shape.depths.size(); ++i) {
      Chain layers, named;
      for (int k = 0; k < shape.depths[i]; ++k) {
        layers->add(layer(in, shape.channels[i], k == 0 ? 2 : 1, step * made++));
        in = shape.channels[i];
      }
      named->add("layers", layers);
      blocks->add(named);
      add_stage(fmt::format("blocks.{}", i), named);
    }
    register_module("blocks", blocks);
  }

  void add_classifier(int width, int classes) {
    add_stage("avgpool", [](const at::Tensor& x) {
      return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    });
    Chain classifier;
    classifier->add("2", nn::LayerNorm(nn::LayerNormOptions({width})));
    classifier->add("3", nn::Linear(width, width));
    classifier->add([](const at::Tensor& x) { return x.tanh(); });
    classifier->add("5", nn::Linear(nn::LinearOptions(width, classes).bias(false)));
    register_module("classifier", classifier);
    add_stage("classifier", classifier);
    set_head("classifier.5");
  }

  void initialize() {
    const auto draw = [](const at::Tensor& weight, const at::Tensor& bias) {
      nn::init::normal_(weight, 0.0, 0.02);
      if (bias.defined()) nn::init::zeros_(bias);
    };
    for (const auto& module : modules(/*include_self=*/false)) {
      if (const auto* conv = module->as<nn::Conv2d>()) {
        draw(conv->weight, conv->bias);
      } else if (const auto* linear = module->as<nn::Linear>()) {
        draw(linear->weight, linear->bias);
      }
    }
  }
};

}  // namespace

std::vector<ModelEntry> maxvit_family() {
  const std::string name = "maxvit_t";
  const MaxVitShape tiny{64, {64, 128, 256, 512}, {2, 2, 5, 2}, 0.2};
  ModelInfo info{.name = name,
                 .parameters = 30'919'624,
                 .gflops = 5.558,
                 .paper = "arXiv:2204.01697",
                 .takes = {.drop_path = true}};
  return {{std::move(info), [name, tiny](const ModelOptions& options) {
             return Model(std::make_shared<MaxVit>(tiny, options), name);
           }}};
}

}  // namespace imgcls::models
