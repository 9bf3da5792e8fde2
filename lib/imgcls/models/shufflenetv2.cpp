#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/chunk.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>

#include <array>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// A convolution of each channel by itself, without an activation.
void add_depthwise(Chain& chain, int channels, int stride) {
  add_conv_norm_act(chain, channels, channels,
                    {.stride = stride, .groups = channels, .activation = Activation::none});
}

/// Half of the channels pass, the other half is convolved, and the halves are shuffled. At stride 2
/// nothing passes: both branches see all channels. The paper's figures 3c and 3d.
class Unit : public nn::Module {
 public:
  Unit(int in, int out, int stride) : reduces_(stride == 2) {
    const int half = out / 2;
    if (reduces_) {
      add_depthwise(branch1_, in, stride);
      add_conv_norm_act(branch1_, in, half, {.kernel = 1});
      register_module("branch1", branch1_);
    }
    add_conv_norm_act(branch2_, reduces_ ? in : half, half, {.kernel = 1});
    add_depthwise(branch2_, half, stride);
    add_conv_norm_act(branch2_, half, half, {.kernel = 1});
    register_module("branch2", branch2_);
  }

  at::Tensor forward(const at::Tensor& x) {
    if (reduces_) return interleave(branch1_(x), branch2_(x));
    const std::vector<at::Tensor> halves = at::chunk(x, 2, 1);
    return interleave(halves[0], branch2_(halves[1]));
  }

 private:
  /// Channels of both in turn: the paper's shuffle of two groups. Where channels lie innermost
  /// (NHWC), they stay so, which is several times faster.
  static at::Tensor interleave(const at::Tensor& a, const at::Tensor& b) {
    if (b.suggest_memory_format() == at::MemoryFormat::ChannelsLast) {
      const at::Tensor pairs = at::stack({a.permute({0, 2, 3, 1}), b.permute({0, 2, 3, 1})}, 4);
      return pairs.flatten(3).permute({0, 3, 1, 2});
    }
    return at::stack({a, b}, 2).flatten(1, 2);
  }

  bool reduces_;
  Chain branch1_, branch2_;
};

/// Channels of the first convolution, of the three stages and of the last convolution: the paper's
/// table 5.
using StageWidths = std::array<int, 5>;

class ShuffleNetV2 : public Network {
 public:
  ShuffleNetV2(const StageWidths& widths, const ModelOptions& options) {
    constexpr std::array kDepths = {4, 8, 4};
    int in = widths.front();
    register_stage("conv1", conv_norm_act(3, in, {.stride = 2}));
    add_stage("maxpool", max_pool(3, 2, 1));
    for (std::size_t i = 0; i < kDepths.size(); ++i) {
      const int out = widths[i + 1];
      Chain stage;
      for (int k = 0; k < kDepths[i]; ++k) {
        stage->add(std::make_shared<Unit>(k == 0 ? in : out, out, k == 0 ? 2 : 1));
      }
      register_stage(fmt::format("stage{}", i + 2), stage);
      in = out;
    }
    register_stage("conv5", conv_norm_act(in, widths.back(), {.kernel = 1}));
    add_stage("avgpool", global_average);
    register_stage("fc", nn::Linear(widths.back(), options.classes));
    set_head("fc");
  }
};

}  // namespace

std::vector<ModelEntry> shufflenetv2_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const StageWidths& widths) {
    ModelInfo info{
        .name = name, .parameters = parameters, .gflops = gflops, .paper = "arXiv:1807.11164"};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<ShuffleNetV2>(widths, options), name);
                   }});
  };
  entry("shufflenet_v2_x0_5", 1'366'792, 0.04, {24, 48, 96, 192, 1024});
  entry("shufflenet_v2_x1_0", 2'278'604, 0.145, {24, 116, 232, 464, 1024});
  entry("shufflenet_v2_x1_5", 3'503'624, 0.296, {24, 176, 352, 704, 1024});
  entry("shufflenet_v2_x2_0", 7'393'996, 0.583, {24, 244, 488, 976, 2048});
  return all;
}

}  // namespace imgcls::models
