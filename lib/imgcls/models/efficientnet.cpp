#include <imgcls/models/efficientnet.h>
#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cmath>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// What expands the channels: in MBConv a 1x1 convolution, before a depthwise one; in Fused-MBConv
/// one convolution does both.
enum class Expansion { separate, fused };

/// Blocks in a row, of which the first has the stride and changes the channels: a line of table 1
/// of the first paper or of table 4 of the second.
struct EfficientNetRow {
  Expansion expansion;
  int expand, kernel, stride, in, out, blocks;
};

struct EfficientNetShape {
  std::vector<EfficientNetRow> rows;
  int last_channels;
  double dropout;
  /// Batch norm's.
  double eps = 1e-5, momentum = 0.1;
};

/// MBConv or Fused-MBConv.
ResidualChain efficientnet_block(const EfficientNetRow& row, const EfficientNetShape& net,
                                 double drop_path) {
  const int wide = make_divisible(row.in * row.expand);
  Chain layers;
  const auto add = [&](int in, int out, ConvNormActOptions options) {
    if (options.activation != Activation::none) options.activation = Activation::silu;
    options.eps = net.eps;
    options.momentum = net.momentum;
    layers->add(conv_norm_act(in, out, options));
  };
  if (row.expansion == Expansion::separate) {
    if (wide != row.in) add(row.in, wide, {.kernel = 1});
    add(wide, wide, {.kernel = row.kernel, .stride = row.stride, .groups = wide});
    layers->add(SqueezeExcite(wide, std::max(1, row.in / 4), Activation::silu));
    add(wide, row.out, {.kernel = 1, .activation = Activation::none});
  } else if (wide == row.in) {
    add(row.in, row.out, {.kernel = row.kernel, .stride = row.stride});
  } else {
    add(row.in, wide, {.kernel = row.kernel, .stride = row.stride});
    add(wide, row.out, {.kernel = 1, .activation = Activation::none});
  }
  return ResidualChain("block", layers, row.stride == 1 && row.in == row.out, drop_path);
}

class EfficientNet : public Network {
 public:
  EfficientNet(const EfficientNetShape& shape, const ModelOptions& options) {
    ConvNormActOptions conv{
        .activation = Activation::silu, .eps = shape.eps, .momentum = shape.momentum};
    conv.stride = 2;
    add_features(conv_norm_act(3, shape.rows.front().in, conv));
    add_blocks(shape, options.drop_path.value_or(0.2));
    conv.kernel = conv.stride = 1;
    add_features(conv_norm_act(shape.rows.back().out, shape.last_channels, conv));
    register_module("features", features_);

    add_stage("avgpool", global_average);
    register_stage("classifier", dropout_and_linear(options.dropout.value_or(shape.dropout),
                                                    shape.last_channels, options.classes));
    set_head("classifier.1");
    initialize_efficientnet(*this);
  }

 private:
  void add_blocks(const EfficientNetShape& shape, double drop_path) {
    int blocks = 0, made = 0;
    for (const EfficientNetRow& row : shape.rows) blocks += row.blocks;
    for (EfficientNetRow row : shape.rows) {
      Chain chain;
      for (int i = 0; i < row.blocks; ++i) {
        chain->add(efficientnet_block(row, shape, drop_path * made / blocks));
        row.in = row.out;
        row.stride = 1;
        ++made;
      }
      add_features(chain);
    }
  }

  void add_features(const Chain& layers) { add_stage_to(features_, "features", layers); }

  Chain features_;
};

/// B0, with its width and depth multiplied.
EfficientNetShape scaled_b0(double width, double depth, double dropout) {
  constexpr Expansion separate = Expansion::separate;
  EfficientNetShape shape{.rows = {{separate, 1, 3, 1, 32, 16, 1},
                                   {separate, 6, 3, 2, 16, 24, 2},
                                   {separate, 6, 5, 2, 24, 40, 2},
                                   {separate, 6, 3, 2, 40, 80, 3},
                                   {separate, 6, 5, 1, 80, 112, 3},
                                   {separate, 6, 5, 2, 112, 192, 4},
                                   {separate, 6, 3, 1, 192, 320, 1}},
                          .last_channels = 0,
                          .dropout = dropout};
  for (EfficientNetRow& row : shape.rows) {
    row.in = make_divisible(row.in * width);
    row.out = make_divisible(row.out * width);
    row.blocks = static_cast<int>(std::ceil(row.blocks * depth));
  }
  shape.last_channels = 4 * shape.rows.back().out;
  return shape;
}

/// B5 and larger ones have TensorFlow's batch norm.
EfficientNetShape with_tensorflow_norm(EfficientNetShape shape) {
  shape.eps = 1e-3;
  shape.momentum = 0.01;
  return shape;
}

EfficientNetShape v2(std::vector<EfficientNetRow> rows, double dropout) {
  return {.rows = std::move(rows), .last_channels = 1280, .dropout = dropout, .eps = 1e-3};
}

EfficientNetShape v2_s() {
  return v2({{Expansion::fused, 1, 3, 1, 24, 24, 2},
             {Expansion::fused, 4, 3, 2, 24, 48, 4},
             {Expansion::fused, 4, 3, 2, 48, 64, 4},
             {Expansion::separate, 4, 3, 2, 64, 128, 6},
             {Expansion::separate, 6, 3, 1, 128, 160, 9},
             {Expansion::separate, 6, 3, 2, 160, 256, 15}},
            0.2);
}

EfficientNetShape v2_m() {
  return v2({{Expansion::fused, 1, 3, 1, 24, 24, 3},
             {Expansion::fused, 4, 3, 2, 24, 48, 5},
             {Expansion::fused, 4, 3, 2, 48, 80, 5},
             {Expansion::separate, 4, 3, 2, 80, 160, 7},
             {Expansion::separate, 6, 3, 1, 160, 176, 14},
             {Expansion::separate, 6, 3, 2, 176, 304, 18},
             {Expansion::separate, 6, 3, 1, 304, 512, 5}},
            0.3);
}

EfficientNetShape v2_l() {
  return v2({{Expansion::fused, 1, 3, 1, 32, 32, 4},
             {Expansion::fused, 4, 3, 2, 32, 64, 7},
             {Expansion::fused, 4, 3, 2, 64, 96, 7},
             {Expansion::separate, 4, 3, 2, 96, 192, 10},
             {Expansion::separate, 6, 3, 1, 192, 224, 19},
             {Expansion::separate, 6, 3, 2, 224, 384, 25},
             {Expansion::separate, 6, 3, 1, 384, 640, 7}},
            0.4);
}

}  // namespace

void initialize_efficientnet(const nn::Module& net) {
  for (const auto& module : net.modules(/*include_self=*/false)) {
    if (const auto* conv = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut);
      if (conv->bias.defined()) nn::init::zeros_(conv->bias);
    } else if (const auto* linear = module->as<nn::Linear>()) {
      const double range = 1.0 / std::sqrt(static_cast<double>(linear->options.out_features()));
      nn::init::uniform_(linear->weight, -range, range);
      nn::init::zeros_(linear->bias);
    }
  }
}

std::vector<ModelEntry> efficientnet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops, int side,
                         const std::string& paper, const EfficientNetShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .input_size = side,
                   .paper = paper,
                   .takes = {.dropout = true, .drop_path = true}};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return Model(std::make_shared<EfficientNet>(shape, options), name);
                   }});
  };
  const std::string first = "arXiv:1905.11946", second = "arXiv:2104.00298";
  entry("efficientnet_b0", 5'288'548, 0.386, 224, first, scaled_b0(1.0, 1.0, 0.2));
  entry("efficientnet_b1", 7'794'184, 0.687, 240, first, scaled_b0(1.0, 1.1, 0.2));
  entry("efficientnet_b2", 9'109'994, 1.088, 288, first, scaled_b0(1.1, 1.2, 0.3));
  entry("efficientnet_b3", 12'233'232, 1.827, 300, first, scaled_b0(1.2, 1.4, 0.3));
  entry("efficientnet_b4", 19'341'616, 4.394, 380, first, scaled_b0(1.4, 1.8, 0.4));
  entry("efficientnet_b5", 30'389'784, 10.266, 456, first,
        with_tensorflow_norm(scaled_b0(1.6, 2.2, 0.4)));
  entry("efficientnet_b6", 43'040'704, 19.068, 528, first,
        with_tensorflow_norm(scaled_b0(1.8, 2.6, 0.5)));
  entry("efficientnet_b7", 66'347'960, 37.746, 600, first,
        with_tensorflow_norm(scaled_b0(2.0, 3.1, 0.5)));
  entry("efficientnet_v2_s", 21'458'488, 8.366, 384, second, v2_s());
  entry("efficientnet_v2_m", 54'139'356, 24.582, 480, second, v2_m());
  entry("efficientnet_v2_l", 118'515'272, 56.08, 480, second, v2_l());
  return all;
}

}  // namespace imgcls::models
