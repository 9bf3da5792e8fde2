#pragma once
// Convolutions by PyTorch and by our own code, of the same operands.
#include <imgcls/core/philox.h>
#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/convolution_shape.h>
#include <imgcls/kernels/weight_gradient.h>
#include <imgcls/kernels/winograd.h>

#include <ATen/Functions.h>

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace imgcls::kernels {

inline constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
inline constexpr auto kNeedsAvx2 = "this processor has no AVX2 with fused multiply-add";

/// Operands of a convolution.
struct Operands {
  ConvolutionShape shape;
  at::Tensor input, weight, gradient;

  explicit Operands(const ConvolutionShape& of, std::uint64_t seed = 1) : shape(of) {
    at::manual_seed(seed);
    const auto drawn = [](at::IntArrayRef sizes) {
      return at::randn(sizes).contiguous(kChannelsLast);
    };
    input = drawn({of.images, of.inputs, of.height, of.width});
    weight = drawn({of.outputs, of.inputs, of.kernel, of.kernel});
    gradient = drawn({of.images, of.outputs, of.out_height(), of.out_width()});
  }
};

struct Results {
  at::Tensor output, input_gradient, weight_gradient;
};

inline Results by_aten(const Operands& of, at::ScalarType type) {
  const at::Tensor input = of.input.to(type), weight = of.weight.to(type);
  const std::vector<std::int64_t> one{1, 1}, none{0, 0};
  const std::vector<std::int64_t> strides(2, of.shape.stride), paddings(2, of.shape.padding);
  Results made;
  made.output = at::convolution(input, weight, {}, strides, paddings, one, false, none, 1);
  std::tie(made.input_gradient, made.weight_gradient, std::ignore) =
      at::convolution_backward(of.gradient.to(type), input, weight, at::OptionalIntArrayRef{},
                               strides, paddings, one, false, none, 1, {true, true, false});
  return made;
}

/// Filled with what no result has, so that a value that is not written is found.
inline at::Tensor unwritten(const at::Tensor& like) {
  return at::full_like(like, 1e30);
}

inline Results by_winograd(const ConvolutionKernels& kernels, const Operands& of) {
  Results made{unwritten(of.gradient), unwritten(of.input), unwritten(of.weight)};
  const float* input = of.input.const_data_ptr<float>();
  const float* weight = of.weight.const_data_ptr<float>();
  const float* gradient = of.gradient.const_data_ptr<float>();
  winograd_forward(kernels, of.shape, input, weight, nullptr, made.output.data_ptr<float>());
  winograd_input_gradient(kernels, of.shape, gradient, weight,
                          made.input_gradient.data_ptr<float>());
  winograd_weight_gradient(kernels, of.shape, input, gradient,
                           made.weight_gradient.data_ptr<float>());
  return made;
}

inline at::Tensor by_products(const ConvolutionKernels& kernels, const Operands& of) {
  at::Tensor made = unwritten(of.weight);
  product_weight_gradient(kernels, of.shape, of.input.const_data_ptr<float>(),
                          of.gradient.const_data_ptr<float>(), made.data_ptr<float>());
  return made;
}

/// The 3x3 convolutions of stride 1 of ResNets at 176 and at 32 pixels, VGG's first ones, and
/// airbench's 24 channels.
inline std::vector<ConvolutionShape> winograd_shapes() {
  std::vector<ConvolutionShape> shapes;
  for (const auto& [side, channels] :
       {std::pair{44, 64}, {22, 128}, {11, 256}, {6, 512}, {32, 64}, {16, 128}, {8, 256}}) {
    shapes.push_back({8, side, side, channels, channels, 3, 1, 1});
  }
  shapes.push_back({4, 28, 28, 256, 512, 3, 1, 1});
  shapes.push_back({8, 31, 31, 24, 64, 3, 1, 1});
  return shapes;
}

inline ConvolutionShape random_shape(Random& random) {
  const auto between = [&](std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(most - least + 1)));
  };
  return {.images = between(1, 3),
          .height = between(3, 14),
          .width = between(3, 14),
          .inputs = 8 * between(4, 9),
          .outputs = 8 * between(4, 9),
          .kernel = 3,
          .stride = 1,
          .padding = between(0, 2)};
}

}  // namespace imgcls::kernels
