// Swin Transformer (Liu et al., arXiv:2103.14030) and its second version (arXiv:2111.09883):
// attention within windows, which every other block shifts by half a window; the resolution halves
// between the stages as in a ResNet. Inside, images are N x H x W x C.

#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>
#include <imgcls/models/transformer.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <torch/nn/modules/normalization.h>
#include <atomic>
#include <memory>

#include <array>
#include <cmath>
#include <numeric>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

struct SwinShape {
  bool second_version;
  int width, window;
  std::array<int, 4> depths, heads;
  double drop_path;
};

nn::LayerNorm swin_norm(int width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}));
}

/// A block's: channels, heads, side of the windows, shift of the windows.
struct SwinBlockShape {
  int width, heads, window, shift;
  double dropout, drop_path;
};

/// Attention within windows, N x H x W x C from and to. The two versions differ in `qkv` and in
/// `bias`.
class WindowAttention : public nn::Module {
 public:
  explicit WindowAttention(const SwinBlockShape& shape)
      : shape_(shape),
        qkv_(register_module("qkv", nn::Linear(shape.width, 3 * shape.width))),
        proj_(register_module("proj", nn::Linear(shape.width, shape.width))),
        dropout_(register_module("dropout", nn::Dropout(shape.dropout))),
        positions_(register_buffer("relative_position_index",
                                   relative_positions(shape.window).flatten())) {}

  at::Tensor forward(const at::Tensor& images) {
    const std::int64_t rows = images.size(1), columns = images.size(2), side = shape_.window;
    const auto padding = [&](std::int64_t size) { return (side - size % side) % side; };
    const std::int64_t height = rows + padding(rows), width = columns + padding(columns);
    // A single window has nothing to exchange with others.
    const std::int64_t down = side < height ? shape_.shift : 0,
                       right = side < width ? shape_.shift : 0;
    const bool shifts = down > 0 || right > 0;

    at::Tensor x = at::constant_pad_nd(images, {0, 0, 0, width - columns, 0, height - rows});
    if (shifts) x = at::roll(x, {-down, -right}, {1, 2});
    at::Tensor biases = bias();
    if (shifts) biases = biases + neighbours_only(height, width, down, right, biases.options());
    x = window_attention(qkv(to_windows(x, side)), shape_.heads, biases, scale());
    x = from_windows(dropout_(proj_(x)), side, height, width);
    if (shifts) x = at::roll(x, {down, right}, {1, 2});
    return x.slice(1, 0, rows).slice(2, 0, columns);
  }

 protected:
  virtual at::Tensor qkv(const at::Tensor& windows) = 0;
  /// Of each pair of a window's pixels: 1 x heads x pixels x pixels.
  virtual at::Tensor bias() = 0;
  /// Of the scores; unset: 1 / sqrt(d).
  virtual std::optional<double> scale() const = 0;

  SwinBlockShape shape_;
  nn::Linear qkv_, proj_;
  nn::Dropout dropout_;
  at::Tensor positions_;

 private:
  /// Shifting brings the image's top below its bottom, in the same window; this keeps them apart:
  /// windows x 1 x pixels x pixels, 0 where both pixels were neighbours before, else -100.
  at::Tensor neighbours_only(std::int64_t height, std::int64_t width, std::int64_t down,
                             std::int64_t right, const at::TensorOptions& options) {
    if (const auto known = mask_.load();
        known && known->height == height && known->width == width &&
        known->values.device() == options.device() && known->values.dtype() == options.dtype()) {
      return known->values;
    }
    const auto part = [&](std::int64_t place, std::int64_t size, std::int64_t shift) {
      return shift == 0 || place < size - shape_.window ? 0 : place < size - shift ? 1 : 2;
    };
    at::Tensor parts = at::empty({1, height, width, 1}, at::kLong);
    auto ids = parts.accessor<std::int64_t, 4>();
    for (std::int64_t r = 0; r < height; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        ids[0][r][c][0] = 3 * part(r, height, down) + part(c, width, right);
      }
    }
    constexpr double kApart = -100;
    parts = to_windows(parts, shape_.window).squeeze(0);
    at::Tensor values = parts.ne(parts.transpose(1, 2)).to(options).mul_(kApart).unsqueeze(1);
    mask_ = std::make_shared<const Mask>(Mask{values, height, width});
    return values;
  }

  struct Mask {
    at::Tensor values;
    std::int64_t height, width;
  };
  // Of the last size, which in training is the only one; atomic, because threads may classify at
  // once.
  std::atomic<std::shared_ptr<const Mask>> mask_;
};

/// Of the first version: a learned bias for each relative position.
class WindowAttention1 : public WindowAttention {
 public:
  explicit WindowAttention1(const SwinBlockShape& shape)
      : WindowAttention(shape),
        table_(register_parameter(
            "relative_position_bias_table",
            at::empty({(2 * shape.window - 1) * (2 * shape.window - 1), shape.heads}))) {
    trunc_normal_(table_, 0, 0.02);
  }

 protected:
  at::Tensor qkv(const at::Tensor& windows) override { return qkv_(windows); }
  at::Tensor bias() override { return relative_bias(table_, positions_); }
  std::optional<double> scale() const override { return {}; }

 private:
  at::Tensor table_;
};

/// Of the second version: scores are cosines by a learned factor, and a small network makes the
/// biases of the logarithms of the relative positions, so that windows can grow.
class WindowAttention2 : public WindowAttention {
 public:
  explicit WindowAttention2(const SwinBlockShape& shape)
      : WindowAttention(shape),
        coordinates_(register_buffer("relative_coords_table", log_coordinates(shape.window))),
        logit_scale_(
            register_parameter("logit_scale", at::full({shape.heads, 1, 1}, 10.0f).log())) {
    constexpr int kHidden = 512;
    bias_net_->add(nn::Linear(2, kHidden));
    bias_net_->add([](const at::Tensor& x) { return activate_(Activation::relu, x); });
    bias_net_->add(nn::Linear(nn::LinearOptions(kHidden, shape.heads).bias(false)));
    register_module("cpb_mlp", bias_net_);
  }

 protected:
  at::Tensor qkv(const at::Tensor& windows) override {
    constexpr int kDim = 3;
    // Keys have no bias: the parameter is there, and stays unused.
    const std::vector<at::Tensor> b = qkv_->bias.chunk(3);
    const at::Tensor bias = at::cat({b[0], at::zeros_like(b[1]), b[2]});
    const std::vector<at::Tensor> parts =
        at::linear(windows, qkv_->weight, bias).unflatten(kDim, {3, shape_.heads, -1}).unbind(kDim);
    const at::Tensor factor = logit_scale_.clamp_max(std::log(100.0)).exp().squeeze(-1);
    return at::stack({normalized(parts[0]) * factor, normalized(parts[1]), parts[2]}, kDim)
        .flatten(kDim);
  }

  at::Tensor bias() override {
    constexpr double kGreatest = 16;
    const at::Tensor table = bias_net_->forward(coordinates_).flatten(0, 2);
    return relative_bias(kGreatest * table.sigmoid(), positions_);
  }

  std::optional<double> scale() const override { return 1.0; }

 private:
  static at::Tensor normalized(const at::Tensor& x) {
    return x / at::linalg_vector_norm(x, 2, -1, /*keepdim=*/true).clamp_min(1e-12);
  }

  /// 1 x (2 * side - 1) x (2 * side - 1) x 2: sign(8 y) log2(1 + |8 y|) / log2(8) of y, x in -1..1.
  static at::Tensor log_coordinates(std::int64_t side) {
    constexpr double kReach = 8, kLogReach = 3;
    at::Tensor places = at::arange(1 - side, side, at::kFloat) / (side - 1) * kReach;
    places = places.sign() * (places.abs() + 1).log2() / kLogReach;
    const std::int64_t count = 2 * side - 1;
    return at::stack({places.unsqueeze(1).expand({count, count}), places.expand({count, count})},
                     -1)
        .unsqueeze(0);
  }

  Chain bias_net_;
  at::Tensor coordinates_, logit_scale_;
};

/// Attention and MLP, each with a norm before it, or after it in the second version.
template <class Attention, bool kNormAfter>
class SwinBlock : public nn::Module {
 public:
  explicit SwinBlock(const SwinBlockShape& shape)
      : norm1_(register_module("norm1", swin_norm(shape.width))),
        attn_(register_module("attn", std::make_shared<Attention>(shape))),
        drop_path_(register_module("stochastic_depth", StochasticDepth(shape.drop_path))),
        norm2_(register_module("norm2", swin_norm(shape.width))),
        mlp_(register_module("mlp", mlp(shape.width, 4 * shape.width, shape.dropout))) {}

  at::Tensor forward(const at::Tensor& images) {
    const at::Tensor x = images + drop_path_->forward(normed(norm1_, *attn_, images));
    return x + drop_path_->forward(normed(norm2_, *mlp_, x));
  }

 private:
  template <class Part>
  static at::Tensor normed(nn::LayerNorm& norm, Part& part, const at::Tensor& x) {
    return kNormAfter ? norm(part.forward(x)) : part.forward(norm(x));
  }

  nn::LayerNorm norm1_;
  std::shared_ptr<Attention> attn_;
  StochasticDepth drop_path_;
  nn::LayerNorm norm2_;
  Chain mlp_;
};

/// Halves the resolution: each 2 x 2 pixels become one of twice the channels.
class PatchMerging : public nn::Module {
 public:
  PatchMerging(int width, bool norm_after)
      : norm_after_(norm_after),
        reduction_(register_module(
            "reduction", nn::Linear(nn::LinearOptions(4 * width, 2 * width).bias(false)))),
        norm_(register_module("norm", swin_norm(norm_after ? 2 * width : 4 * width))) {}

  at::Tensor forward(const at::Tensor& images) {
    const at::Tensor even =
        at::constant_pad_nd(images, {0, 0, 0, images.size(2) % 2, 0, images.size(1) % 2});
    const at::Tensor fours =
        even.unflatten(2, {-1, 2}).unflatten(1, {-1, 2}).permute({0, 1, 3, 4, 2, 5}).flatten(3);
    return norm_after_ ? norm_(reduction_(fours)) : reduction_(norm_(fours));
  }

 private:
  bool norm_after_;
  nn::Linear reduction_;
  nn::LayerNorm norm_;
};

class SwinTransformer : public Network {
 public:
  SwinTransformer(const SwinShape& shape, const ModelOptions& options) {
    constexpr int kPatch = 4;
    Chain patches;
    patches->add(nn::Conv2d(nn::Conv2dOptions(3, shape.width, kPatch).stride(kPatch)));
    patches->add([](const at::Tensor& x) { return x.permute({0, 2, 3, 1}); });
    patches->add(swin_norm(shape.width));
    add_features(patches);
    if (shape.second_version) {
      add_blocks<SwinBlock<WindowAttention2, true>>(shape, options);
    } else {
      add_blocks<SwinBlock<WindowAttention1, false>>(shape, options);
    }
    register_module("features", features_);

    const int last = shape.width * 8;
    const nn::LayerNorm last_norm = swin_norm(last);
    const nn::Linear head(last, options.classes);
    register_module("norm", last_norm);
    register_module("head", head);
    add_stage("norm", last_norm);
    add_stage("avgpool", [](const at::Tensor& x) {
      return at::adaptive_avg_pool2d(x.permute({0, 3, 1, 2}), {1, 1}).flatten(1);
    });
    add_stage("head", head);
    set_head("head");
    initialize();
  }

 private:
  template <class BlockKind>
  void add_blocks(const SwinShape& shape, const ModelOptions& options) {
    const int all = std::accumulate(shape.depths.begin(), shape.depths.end(), 0);
    const double drop_path = options.drop_path.value_or(shape.drop_path);
    int made = 0, width = shape.width;
    for (std::size_t i = 0; i < shape.depths.size(); ++i) {
      if (i != 0) {
        add_features(std::make_shared<PatchMerging>(width, shape.second_version));
        width *= 2;
      }
      Chain blocks;
      for (int k = 0; k < shape.depths[i]; ++k) {
        blocks->add(std::make_shared<BlockKind>(
            SwinBlockShape{.width = width,
                           .heads = shape.heads[i],
                           .window = shape.window,
                           .shift = k % 2 == 0 ? 0 : shape.window / 2,
                           .dropout = options.dropout.value_or(0),
                           .drop_path = drop_path * made++ / (all - 1)}));
      }
      add_features(blocks);
    }
  }

  template <class M>
  void add_features(const M& layers) {
    add_stage_to(features_, "features", layers);
  }

  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (const auto* linear = module->as<nn::Linear>()) {
        trunc_normal_(linear->weight, 0, 0.02);
        if (linear->bias.defined()) nn::init::zeros_(linear->bias);
      }
    }
  }

  Chain features_;
};

}  // namespace

std::vector<ModelEntry> swin_transformer_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops, int side,
                         const SwinShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .input_size = side,
                   .paper = shape.second_version ? "arXiv:2111.09883" : "arXiv:2103.14030",
                   .takes = {.dropout = true, .drop_path = true}};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return Model(std::make_shared<SwinTransformer>(shape, options), name);
                   }});
  };
  constexpr std::array<int, 4> tiny{2, 2, 6, 2}, deep{2, 2, 18, 2}, heads{3, 6, 12, 24},
      more_heads{4, 8, 16, 32};
  entry("swin_t", 28'288'354, 4.491, 224, {false, 96, 7, tiny, heads, 0.2});
  entry("swin_s", 49'606'258, 8.741, 224, {false, 96, 7, deep, heads, 0.3});
  entry("swin_b", 87'768'224, 15.431, 224, {false, 128, 7, deep, more_heads, 0.5});
  entry("swin_v2_t", 28'351'570, 5.94, 256, {true, 96, 8, tiny, heads, 0.2});
  entry("swin_v2_s", 49'737'442, 11.546, 256, {true, 96, 8, deep, heads, 0.3});
  entry("swin_v2_b", 87'930'848, 20.325, 256, {true, 128, 8, deep, more_heads, 0.5});
  return all;
}

}  // namespace imgcls::models
