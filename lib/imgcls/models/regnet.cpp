// RegNet (Radosavovic et al., arXiv:2003.13678): ResNeXt-like networks whose widths follow a line,
// quantized; the Y ones have squeeze-and-excitation. Stochastic depth, which torchvision's have
// not, is timm's.

#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cmath>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// The paper's parameters: number of blocks, first width w_0, slope w_a, quantization w_m, and the
/// width of a group of the 3x3 convolutions.
struct RegNetShape {
  int depth, first;
  double slope, quantization;
  int group;
  bool squeeze_excite;
};

/// Blocks of one width.
struct RegNetRow {
  int width, blocks, group;
};

/// Section 3.3: block j is to have u_j = w_0 + w_a * j channels; it gets w_0 * w_m^s with the s
/// that is nearest, rounded to a multiple of 8 and then of the group's width.
std::vector<RegNetRow> rows_of(const RegNetShape& shape) {
  constexpr double kMultiple = 8;
  std::vector<RegNetRow> rows;
  for (int j = 0; j < shape.depth; ++j) {
    const double wanted = shape.first + shape.slope * j;
    const double s = std::nearbyint(std::log(wanted / shape.first) / std::log(shape.quantization));
    const auto width = static_cast<int>(
        kMultiple * std::nearbyint(shape.first * std::pow(shape.quantization, s) / kMultiple));
    if (rows.empty() || rows.back().width != width) rows.push_back({width, 0, shape.group});
    ++rows.back().blocks;
  }
  for (RegNetRow& row : rows) {
    row.group = std::min(row.group, row.width);
    row.width = make_divisible(row.width, row.group);
  }
  return rows;
}

class RegNetBlock : public nn::Module {
 public:
  RegNetBlock(int in, int stride, const RegNetRow& row, bool squeeze_excite, double drop_path)
      : drop_path_(drop_path) {
    const int width = row.width;
    if (in != width || stride != 1) {
      shortcut_ = register_module(
          "proj", conv_norm_act(in, width,
                                {.kernel = 1, .stride = stride, .activation = Activation::none}));
    }
    residual_->add("a", conv_norm_act(in, width, {.kernel = 1}));
    residual_->add("b",
                   conv_norm_act(width, width, {.stride = stride, .groups = width / row.group}));
    if (squeeze_excite) residual_->add("se", SqueezeExcite(width, in / 4));
    residual_->add("c", conv_norm_act(width, width, {.kernel = 1, .activation = Activation::none}));
    register_module("f", residual_);
    register_module("drop_path", drop_path_);
  }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor shortcut = shortcut_.is_empty() ? x : shortcut_->forward(x);
    return drop_path_->forward(residual_->forward(x)).add_(shortcut).relu_();
  }

 private:
  Chain shortcut_{nullptr}, residual_;
  StochasticDepth drop_path_;
};

class RegNet : public Network {
 public:
  RegNet(const RegNetShape& shape, const ModelOptions& options) {
    int channels = 32;
    const Chain stem = conv_norm_act(3, channels, {.stride = 2});
    register_module("stem", stem);
    add_stage("stem", stem);

    Chain trunk;
    int number = 0, made = 0;
    const double last_drop_path = options.drop_path.value_or(0);
    for (const RegNetRow& row : rows_of(shape)) {
      const std::string name = fmt::format("block{}", ++number);
      Chain blocks;
      for (int i = 0; i < row.blocks; ++i) {
        const double drop_path = last_drop_path * made++ / (shape.depth - 1);
        blocks->add(fmt::format("{}-{}", name, i),
                    std::make_shared<RegNetBlock>(channels, i == 0 ? 2 : 1, row,
                                                  shape.squeeze_excite, drop_path));
        channels = row.width;
      }
      trunk->add(name, blocks);
      add_stage("trunk_output." + name, blocks);
    }
    register_module("trunk_output", trunk);

    add_stage("avgpool", [](const at::Tensor& x) {
      return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    });
    const nn::Linear fc(channels, options.classes);
    register_module("fc", fc);
    add_stage("fc", fc);
    set_head("fc");
    initialize();
  }

 private:
  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (const auto* conv = module->as<nn::Conv2d>()) {
        // Not kaiming_normal_: a grouped convolution's fan-out counts all its outputs here.
        const auto fan_out = conv->weight.size(0) * conv->weight.size(2) * conv->weight.size(3);
        nn::init::normal_(conv->weight, 0.0, std::sqrt(2.0 / static_cast<double>(fan_out)));
      } else if (const auto* linear = module->as<nn::Linear>()) {
        nn::init::normal_(linear->weight, 0.0, 0.01);
        nn::init::zeros_(linear->bias);
      }
    }
  }
};

}  // namespace

std::vector<ModelEntry> regnet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const RegNetShape& shape) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:2003.13678",
                   .takes = {.drop_path = true}};
    all.push_back({std::move(info), [name, shape](const ModelOptions& options) {
                     return Model(std::make_shared<RegNet>(shape, options), name);
                   }});
  };
  entry("regnet_x_400mf", 5'495'976, 0.414, {22, 24, 24.48, 2.54, 16, false});
  entry("regnet_x_800mf", 7'259'656, 0.8, {16, 56, 35.73, 2.28, 16, false});
  entry("regnet_x_1_6gf", 9'190'136, 1.603, {18, 80, 34.01, 2.25, 24, false});
  entry("regnet_x_3_2gf", 15'296'552, 3.177, {25, 88, 26.31, 2.25, 48, false});
  entry("regnet_x_8gf", 39'572'648, 7.995, {23, 80, 49.56, 2.88, 120, false});
  entry("regnet_x_16gf", 54'278'536, 15.941, {22, 216, 55.59, 2.1, 128, false});
  entry("regnet_x_32gf", 107'811'560, 31.736, {23, 320, 69.86, 2.0, 168, false});
  entry("regnet_y_400mf", 4'344'144, 0.402, {16, 48, 27.89, 2.09, 8, true});
  entry("regnet_y_800mf", 6'432'512, 0.834, {14, 56, 38.84, 2.4, 16, true});
  entry("regnet_y_1_6gf", 11'202'430, 1.612, {27, 48, 20.71, 2.65, 24, true});
  entry("regnet_y_3_2gf", 19'436'338, 3.176, {21, 80, 42.63, 2.66, 24, true});
  entry("regnet_y_8gf", 39'381'472, 8.473, {17, 192, 76.82, 2.19, 56, true});
  entry("regnet_y_16gf", 83'590'140, 15.912, {18, 200, 106.23, 2.48, 112, true});
  entry("regnet_y_32gf", 145'046'770, 32.28, {20, 232, 115.89, 2.53, 232, true});
  entry("regnet_y_128gf", 644'812'894, 127.518, {27, 456, 160.83, 2.52, 264, true});
  return all;
}

}  // namespace imgcls::models
