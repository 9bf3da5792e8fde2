#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

namespace imgcls::models {
namespace {

/// Widens 1x1, filters each channel by itself 3x3, narrows 1x1 without an activation, and adds the
/// input where the shapes allow: the paper's figure 4d.
ResidualChain mobilenetv2_block(int in, int out, int stride, int expansion, double drop_path) {
  const int wide = in * expansion;
  Chain conv;
  if (expansion != 1) {
    conv->add(conv_norm_act(in, wide, {.kernel = 1, .activation = Activation::relu6}));
  }
  conv->add(conv_norm_act(wide, wide,
                          {.stride = stride, .groups = wide, .activation = Activation::relu6}));
  add_conv_norm_act(conv, wide, out, {.kernel = 1, .activation = Activation::none});
  return ResidualChain("conv", conv, stride == 1 && in == out, drop_path);
}

/// Blocks of one width, the first of which has the stride: a row of the paper's table 2.
struct MobileNetV2Row {
  int expansion, channels, blocks, stride;
};

class MobileNetV2 : public Network {
 public:
  explicit MobileNetV2(const ModelOptions& options) {
    constexpr int kLastChannels = 1280;
    make_features(kLastChannels, options.drop_path.value_or(0));
    add_stage("avgpool", global_average);
    register_stage("classifier", dropout_and_linear(options.dropout.value_or(0.2), kLastChannels,
                                                    options.classes));
    set_head("classifier.1");
    initialize_by_fan_out(*this);
  }

 private:
  // A stage for each resolution, and one for the last convolution.
  void make_features(int last_channels, double drop_path) {
    constexpr MobileNetV2Row kRows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                        {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    constexpr int kBlocks = 17;
    int channels = 32, made = 0;
    Chain features;
    std::vector<std::size_t> lasts;
    features->add(conv_norm_act(3, channels, {.stride = 2, .activation = Activation::relu6}));
    for (const MobileNetV2Row& row : kRows) {
      if (row.stride == 2) lasts.push_back(features->size() - 1);
      for (int i = 0; i < row.blocks; ++i) {
        features->add(mobilenetv2_block(channels, row.channels, i == 0 ? row.stride : 1,
                                        row.expansion, drop_path * made++ / kBlocks));
        channels = row.channels;
      }
    }
    lasts.push_back(features->size() - 1);
    features->add(
        conv_norm_act(channels, last_channels, {.kernel = 1, .activation = Activation::relu6}));
    lasts.push_back(features->size() - 1);
    register_stages("features", features, lasts);
  }
};

}  // namespace

std::vector<ModelEntry> mobilenetv2_family() {
  return {{.info = {.name = "mobilenet_v2",
                    .parameters = 3'504'872,
                    .gflops = 0.301,
                    .paper = "arXiv:1801.04381",
                    .takes = {.dropout = true, .drop_path = true}},
           .make = [](const ModelOptions& options) {
             return Model(std::make_shared<MobileNetV2>(options), "mobilenet_v2");
           }}};
}

}  // namespace imgcls::models
