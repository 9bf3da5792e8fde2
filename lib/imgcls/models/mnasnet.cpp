#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

// The paper's decay of running statistics, 0.9997, as PyTorch counts it.
constexpr double kMnasNetMomentum = 1 - 0.9997;

/// Blocks of one width, the first of which has the stride.
struct Stack {
  int channels, kernel, stride, expansion, blocks;
};

/// MobileNetV2's block with ReLU, also where nothing is widened.
ResidualChain mnasnet_block(int in, int out, int stride, const Stack& stack, double drop_path) {
  const int wide = in * stack.expansion;
  Chain layers;
  add_conv_norm_act(layers, in, wide, {.kernel = 1, .momentum = kMnasNetMomentum});
  add_conv_norm_act(
      layers, wide, wide,
      {.kernel = stack.kernel, .stride = stride, .groups = wide, .momentum = kMnasNetMomentum});
  add_conv_norm_act(layers, wide, out,
                    {.kernel = 1, .activation = Activation::none, .momentum = kMnasNetMomentum});
  return ResidualChain("layers", layers, stride == 1 && in == out, drop_path);
}

/// The paper's MnasNet-B1, its figure 7 without squeeze-and-excitation, with `width` times the
/// channels.
class MnasNet : public Network {
 public:
  MnasNet(double width, const ModelOptions& options) {
    constexpr int kLastChannels = 1280;
    make_layers(width, kLastChannels, options.drop_path.value_or(0));
    add_stage("avgpool", global_average);
    register_stage("classifier", dropout_and_linear(options.dropout.value_or(0.2), kLastChannels,
                                                    options.classes));
    set_head("classifier.1");
    initialize();
  }

 private:
  // A stage for each resolution, and one for the last convolution.
  void make_layers(double width, int last_channels, double drop_path) {
    constexpr Stack kStacks[] = {{24, 3, 2, 3, 3}, {40, 5, 2, 3, 3},  {80, 5, 2, 6, 3},
                                 {96, 3, 1, 6, 2}, {192, 5, 2, 6, 4}, {320, 3, 1, 6, 1}};
    const int stem = make_divisible(32 * width);
    int in = make_divisible(16 * width);
    Chain layers;
    std::vector<std::size_t> lasts;
    add_conv_norm_act(layers, 3, stem, {.stride = 2, .momentum = kMnasNetMomentum});
    add_conv_norm_act(layers, stem, stem, {.groups = stem, .momentum = kMnasNetMomentum});
    add_conv_norm_act(layers, stem, in,
                      {.kernel = 1, .activation = Activation::none, .momentum = kMnasNetMomentum});
    constexpr int kBlocks = 17;  // with the first, which adds no input
    int before = 1;
    for (const Stack& stack : kStacks) {
      if (stack.stride == 2) lasts.push_back(layers->size() - 1);
      const int out = make_divisible(stack.channels * width);
      layers->add(make_stack(in, out, stack, drop_path / kBlocks, before));
      in = out;
      before += stack.blocks;
    }
    lasts.push_back(layers->size() - 1);
    add_conv_norm_act(layers, in, last_channels, {.kernel = 1, .momentum = kMnasNetMomentum});
    lasts.push_back(layers->size() - 1);
    register_stages("layers", layers, lasts);
  }

  /// `drop_path`: by what the rate of a block is above that of the one before; `before`: blocks
  /// before the stack.
  static Chain make_stack(int in, int out, const Stack& stack, double drop_path, int before) {
    Chain blocks;
    for (int i = 0; i < stack.blocks; ++i) {
      blocks->add(mnasnet_block(i == 0 ? in : out, out, i == 0 ? stack.stride : 1, stack,
                                drop_path * (before + i)));
    }
    return blocks;
  }

  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
      } else if (auto* linear = module->as<nn::Linear>()) {
        nn::init::kaiming_uniform_(linear->weight, 0.0, torch::kFanOut, torch::kSigmoid);
        nn::init::zeros_(linear->bias);
      }
    }
  }
};

}  // namespace

std::vector<ModelEntry> mnasnet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         double width) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:1807.11626",
                   .takes = {.dropout = true, .drop_path = true}};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<MnasNet>(width, options), name);
                   }});
  };
  entry("mnasnet0_5", 2'218'512, 0.104, 0.5);
  entry("mnasnet0_75", 3'170'208, 0.215, 0.75);
  entry("mnasnet1_0", 4'383'312, 0.314, 1.0);
  entry("mnasnet1_3", 6'282'256, 0.526, 1.3);
  return all;
}

}  // namespace imgcls::models
