// EfficientNet-Lite: EfficientNet for phones, without squeeze-and-excitation, with ReLU6 instead of
// SiLU and with a stem and a head that do not grow. No paper of its own describes it; it is as
// TensorFlow's repository has it, whose weights have been converted to the parameter names of the
// package efficientnet-lite-pytorch, which this file follows.

#include <imgcls/models/efficientnet.h>
#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/constant_pad_nd.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

BatchNorm2d norm(int channels) {
  return BatchNorm2d(nn::BatchNorm2dOptions(channels).eps(1e-3).momentum(0.01));
}

at::Tensor activated(at::Tensor x) {
  return activate_(Activation::relu6, std::move(x));
}

/// A convolution of stride 2 gets its padding from `padded_for_stride_2`.
nn::Conv2d conv(int in, int out, int kernel, int stride = 1, int groups = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel)
                        .stride(stride)
                        .padding(stride == 1 ? kernel / 2 : 0)
                        .groups(groups)
                        .bias(false));
}

/// TensorFlow's padding "SAME": a convolution gives ceil(size / 2) values, and where a side of the
/// image has an even number of pixels, its end gets a zero more than its beginning. As in the
/// package, that is decided by the model's own image size, also for images of another.
at::Tensor padded_for_stride_2(const at::Tensor& x, std::int64_t kernel, int own_side) {
  const std::int64_t zeros = kernel - (own_side % 2 == 0 ? 2 : 1);
  const std::int64_t before = zeros / 2, after = zeros - before;
  return at::constant_pad_nd(x, {before, after, before, after}, 0);
}

/// Blocks in a row, of which the first has the stride and changes the channels.
struct LiteRow {
  int expand, kernel, stride, in, out, blocks;
};

class LiteBlock : public nn::Module {
 public:
  /// `own_side`: of what comes in for an image of the model's own size.
  LiteBlock(const LiteRow& row, double drop_path, int own_side)
      : kernel_(row.kernel),
        stride_(row.stride),
        own_side_(own_side),
        residual_(row.stride == 1 && row.in == row.out),
        drop_path_(drop_path) {
    const int wide = row.in * row.expand;
    if (row.expand != 1) {
      expand_conv_ = register_module("_expand_conv", conv(row.in, wide, 1));
      bn0_ = register_module("_bn0", norm(wide));
    }
    depthwise_conv_ =
        register_module("_depthwise_conv", conv(wide, wide, row.kernel, row.stride, wide));
    bn1_ = register_module("_bn1", norm(wide));
    project_conv_ = register_module("_project_conv", conv(wide, row.out, 1));
    bn2_ = register_module("_bn2", norm(row.out));
    register_module("drop_path", drop_path_);
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = expand_conv_.is_empty() ? x : activated(bn0_(expand_conv_(x)));
    if (stride_ == 2) y = padded_for_stride_2(y, kernel_, own_side_);
    y = bn2_(project_conv_(activated(bn1_(depthwise_conv_(y)))));
    return residual_ ? drop_path_->forward(y).add_(x) : y;
  }

 private:
  int kernel_, stride_, own_side_;
  bool residual_;
  nn::Conv2d expand_conv_{nullptr}, depthwise_conv_{nullptr}, project_conv_{nullptr};
  BatchNorm2d bn0_{nullptr}, bn1_{nullptr}, bn2_{nullptr};
  StochasticDepth drop_path_;
};

/// Lite0's rows (EfficientNet-B0's), with width and depth multiplied, except for the depth of the
/// first and the last.
std::array<LiteRow, 7> scaled_rows(double width, double depth) {
  std::array<LiteRow, 7> rows{{{1, 3, 1, 32, 16, 1},
                               {6, 3, 2, 16, 24, 2},
                               {6, 5, 2, 24, 40, 2},
                               {6, 3, 2, 40, 80, 3},
                               {6, 5, 1, 80, 112, 3},
                               {6, 5, 2, 112, 192, 4},
                               {6, 3, 1, 192, 320, 1}}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    LiteRow& row = rows[i];
    if (i != 0) row.in = rows[i - 1].out;  // the stem's channels stay
    row.out = make_divisible(row.out * width);
    if (i != 0 && i + 1 != rows.size()) {
      row.blocks = static_cast<int>(std::ceil(row.blocks * depth));
    }
  }
  return rows;
}

struct LiteShape {
  int side;
  double width, depth, dropout;
};

class EfficientNetLite : public Network {
 public:
  EfficientNetLite(const LiteShape& shape, const ModelOptions& options) {
    const auto rows = scaled_rows(shape.width, shape.depth);
    stem_ = register_module("_conv_stem", conv(3, rows.front().in, 3, 2));
    bn0_ = register_module("_bn0", norm(rows.front().in));
    const int side = options.image_size == 0 ? shape.side : options.image_size;
    add_stage("_conv_stem",
              [this, side](const at::Tensor& images) {
                return activated(bn0_(stem_(padded_for_stride_2(images, 3, side))));
              },
              {"_conv_stem", "_bn0"});
    add_blocks(rows, options.drop_path.value_or(0.2), half(side));
    head_ = register_module("_conv_head", conv(rows.back().out, kLastChannels, 1));
    bn1_ = register_module("_bn1", norm(kLastChannels));
    add_stage("_conv_head", [this](const at::Tensor& x) { return activated(bn1_(head_(x))); },
              {"_conv_head", "_bn1"});
    add_stage("_avg_pooling", global_average);
    dropout_ = register_module("_dropout", nn::Dropout(options.dropout.value_or(shape.dropout)));
    fc_ = register_module("_fc", nn::Linear(kLastChannels, options.classes));
    add_stage("_fc", [this](const at::Tensor& x) { return fc_(dropout_(x)); });
    set_head("_fc");
    initialize_efficientnet(*this);
  }

 private:
  static constexpr int kLastChannels = 1280;

  /// What a convolution of stride 2 leaves.
  static int half(int side) { return (side + 1) / 2; }

  void add_blocks(const std::array<LiteRow, 7>& rows, double drop_path, int own_side) {
    int count = 0;
    for (const LiteRow& row : rows) count += row.blocks;
    Chain blocks;
    for (LiteRow row : rows) {
      for (int i = 0; i < row.blocks; ++i) {
        const auto made = static_cast<int>(blocks->size());
        add_stage_to(blocks, "_blocks",
                     std::make_shared<LiteBlock>(row, drop_path * made / count, own_side));
        if (row.stride == 2) own_side = half(own_side);
        row.in = row.out;
        row.stride = 1;
      }
    }
    register_module("_blocks", blocks);
  }

  nn::Conv2d stem_{nullptr}, head_{nullptr};
  BatchNorm2d bn0_{nullptr}, bn1_{nullptr};
  nn::Dropout dropout_{nullptr};
  nn::Linear fc_{nullptr};
};

}  // namespace

std::vector<ModelEntry> efficientnet_lite_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const LiteShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .input_size = shape.side,
                   .paper = "arXiv:1905.11946",
                   .takes = {.dropout = true, .drop_path = true, .image_size = true}};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return Model(std::make_shared<EfficientNetLite>(shape, options), name);
                   }});
  };
  entry("efficientnet_lite0", 4'652'008, 0.385, {224, 1.0, 1.0, 0.2});
  entry("efficientnet_lite1", 5'416'680, 0.600, {240, 1.0, 1.1, 0.2});
  entry("efficientnet_lite2", 6'092'072, 0.860, {260, 1.1, 1.2, 0.3});
  entry("efficientnet_lite3", 8'197'096, 1.383, {280, 1.2, 1.4, 0.3});
  entry("efficientnet_lite4", 13'006'568, 2.553, {300, 1.4, 1.8, 0.3});
  return all;
}

}  // namespace imgcls::models
