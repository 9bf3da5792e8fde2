#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <span>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

// Batch norm's.
constexpr double kEps = 1e-3, kMomentum = 0.01;

/// A row of the paper's tables 1 and 2, without its input channels, which the row before gives.
struct MobileNetV3Row {
  int kernel, expanded, out;
  bool squeeze_excite;
  Activation activation;
  int stride;
};

Chain mobilenetv3_conv(int in, int out, ConvNormActOptions options) {
  options.eps = kEps;
  options.momentum = kMomentum;
  return conv_norm_act(in, out, options);
}

/// MobileNetV2's block with squeeze-and-excitation after the filters.
ResidualChain mobilenetv3_block(int in, const MobileNetV3Row& row, double drop_path) {
  const int wide = row.expanded;
  Chain block;
  if (wide != in) {
    block->add(mobilenetv3_conv(in, wide, {.kernel = 1, .activation = row.activation}));
  }
  block->add(mobilenetv3_conv(
      wide, wide,
      {.kernel = row.kernel, .stride = row.stride, .groups = wide, .activation = row.activation}));
  if (row.squeeze_excite) {
    const int squeezed = wide / 4;  // without a rest, as torchvision divides
    block->add(
        SqueezeExcite(wide, make_divisible(squeezed), Activation::relu, Activation::hardsigmoid));
  }
  block->add(mobilenetv3_conv(wide, row.out, {.kernel = 1, .activation = Activation::none}));
  return ResidualChain("block", block, row.stride == 1 && in == row.out, drop_path);
}

class MobileNetV3 : public Network {
 public:
  MobileNetV3(std::span<const MobileNetV3Row> rows, int hidden, const ModelOptions& options) {
    const int pooled = make_features(rows, options.drop_path.value_or(0));
    add_stage("avgpool", global_average);
    Chain classifier;
    classifier->add(nn::Linear(pooled, hidden));
    classifier->add(activation(Activation::hardswish));
    classifier->add(nn::Dropout(options.dropout.value_or(0.2)));
    classifier->add(nn::Linear(hidden, options.classes));
    register_stage("classifier", classifier);
    set_head("classifier.3");
    initialize_by_fan_out(*this);
  }

 private:
  // A stage for each resolution, and one for the last convolution. Returns its channels.
  int make_features(std::span<const MobileNetV3Row> rows, double drop_path) {
    int channels = 16, made = 0;
    const auto blocks = static_cast<double>(rows.size() + 1);  // timm counts the last convolution
    Chain features;
    std::vector<std::size_t> lasts;
    features->add(
        mobilenetv3_conv(3, channels, {.stride = 2, .activation = Activation::hardswish}));
    for (const MobileNetV3Row& row : rows) {
      if (row.stride == 2) lasts.push_back(features->size() - 1);
      features->add(mobilenetv3_block(channels, row, drop_path * made++ / blocks));
      channels = row.out;
    }
    lasts.push_back(features->size() - 1);
    const int last_channels = 6 * channels;
    features->add(mobilenetv3_conv(channels, last_channels,
                                   {.kernel = 1, .activation = Activation::hardswish}));
    lasts.push_back(features->size() - 1);
    register_stages("features", features, lasts);
    return last_channels;
  }
};

constexpr auto kRelu = Activation::relu, kSwish = Activation::hardswish;

constexpr MobileNetV3Row kLarge[] = {
    {3, 16, 16, false, kRelu, 1},   {3, 64, 24, false, kRelu, 2},   {3, 72, 24, false, kRelu, 1},
    {5, 72, 40, true, kRelu, 2},    {5, 120, 40, true, kRelu, 1},   {5, 120, 40, true, kRelu, 1},
    {3, 240, 80, false, kSwish, 2}, {3, 200, 80, false, kSwish, 1}, {3, 184, 80, false, kSwish, 1},
    {3, 184, 80, false, kSwish, 1}, {3, 480, 112, true, kSwish, 1}, {3, 672, 112, true, kSwish, 1},
    {5, 672, 160, true, kSwish, 2}, {5, 960, 160, true, kSwish, 1}, {5, 960, 160, true, kSwish, 1}};

constexpr MobileNetV3Row kSmall[] = {
    {3, 16, 16, true, kRelu, 2},   {3, 72, 24, false, kRelu, 2},  {3, 88, 24, false, kRelu, 1},
    {5, 96, 40, true, kSwish, 2},  {5, 240, 40, true, kSwish, 1}, {5, 240, 40, true, kSwish, 1},
    {5, 120, 48, true, kSwish, 1}, {5, 144, 48, true, kSwish, 1}, {5, 288, 96, true, kSwish, 2},
    {5, 576, 96, true, kSwish, 1}, {5, 576, 96, true, kSwish, 1}};

}  // namespace

std::vector<ModelEntry> mobilenetv3_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         std::span<const MobileNetV3Row> rows, int hidden) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:1905.02244",
                   .takes = {.dropout = true, .drop_path = true}};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<MobileNetV3>(rows, hidden, options), name);
                   }});
  };
  entry("mobilenet_v3_small", 2'542'856, 0.057, kSmall, 1024);
  entry("mobilenet_v3_large", 5'483'032, 0.217, kLarge, 1280);
  return all;
}

}  // namespace imgcls::models
