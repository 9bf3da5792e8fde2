// Convolutions of our own against sums in double precision: the greatest error is at most three
// times that of oneDNN's direct sums.
#include "../support/skip.h"
#include "operands.h"

#include <imgcls/core/error.h>
#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/kernels/used_convolutions.h>
#include <imgcls/models/registry.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace imgcls::kernels {
namespace {

constexpr double kMostTimes = 3;

double error(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>();
}

void check_error(const at::Tensor& made, const at::Tensor& direct, const at::Tensor& exact) {
  CHECK(error(made, exact) <= kMostTimes * error(direct, exact));
}

/// Of a shape's parts, those that are ours where it is computed of that many images.
struct Methods {
  Method forward, input_gradient, weight_gradient;

  Methods(ConvolutionShape shape, std::int64_t images) {
    shape.images = images;
    forward = fastest_method(shape, Part::forward);
    input_gradient = fastest_method(shape, Part::input_gradient);
    weight_gradient = fastest_method(shape, Part::weight_gradient);
  }
  bool any() const {
    return forward != Method::aten || input_gradient != Method::aten ||
           weight_gradient != Method::aten;
  }
};

void check_shape(const ConvolutionShape& shape, const Methods& methods, std::uint64_t seed = 1) {
  INFO(shape.images << " x " << shape.height << " x " << shape.width << ", " << shape.inputs
                    << " to " << shape.outputs << ", kernel " << shape.kernel << ", stride "
                    << shape.stride << ", padding " << shape.padding << ", seed " << seed);
  const Operands of(shape, seed);
  const Results exact = by_aten(of, at::kDouble), direct = by_aten(of, at::kFloat);
  if (methods.weight_gradient == Method::products) {
    check_error(by_products(kAvx2Kernels, of), direct.weight_gradient, exact.weight_gradient);
  }
  if (shape.kernel != 3 || shape.stride != 1) return;
  const Results made = by_winograd(kAvx2Kernels, of);
  if (methods.forward == Method::winograd) {
    INFO("forward");
    check_error(made.output, direct.output, exact.output);
  }
  if (methods.input_gradient == Method::winograd) {
    INFO("input's gradient");
    check_error(made.input_gradient, direct.input_gradient, exact.input_gradient);
  }
  if (methods.weight_gradient == Method::winograd) {
    INFO("weights' gradient");
    check_error(made.weight_gradient, direct.weight_gradient, exact.weight_gradient);
  }
}

TEST_CASE("convolutions of ResNets, VGG and airbench have three times oneDNN's error at most") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  for (const ConvolutionShape& shape : winograd_shapes()) check_shape(shape, {shape, 32});
  for (const ConvolutionShape& shape : {ConvolutionShape{4, 11, 11, 256, 1024, 1, 1, 0},
                                        ConvolutionShape{2, 22, 22, 512, 1024, 1, 2, 0},
                                        ConvolutionShape{3, 23, 21, 128, 136, 3, 2, 1}}) {
    check_shape(shape, {shape, 32});
  }
}

/// Of all kinds that may be taken, and some more.
ConvolutionShape any_shape(Random& random) {
  const auto between = [&](std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(most - least + 1)));
  };
  const std::int64_t kernel = between(0, 3) == 0 ? 1 : 3;
  return {.images = between(1, 4),
          .height = between(3, 20),
          .width = between(3, 20),
          .inputs = 8 * between(1, 16),
          .outputs = 8 * between(1, 16),
          .kernel = kernel,
          .stride = between(1, 2),
          .padding = kernel == 1 ? 0 : between(0, 2)};
}

TEST_CASE("200 random convolutions that are taken have three times oneDNN's error at most") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  Random random(3, 0, 0, RandomStream::augment);
  int taken = 0;
  for (std::uint64_t i = 0; taken < 200; ++i) {
    const ConvolutionShape shape = any_shape(random);
    const Methods methods(shape, shape.images);
    if (!methods.any()) continue;
    ++taken;
    check_shape(shape, methods, i);
  }
}

TEST_CASE("weights' gradients as products of matrices have a direct sum's error for any kernel") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  for (const ConvolutionShape& shape :
       {ConvolutionShape{1, 7, 7, 520, 24, 5, 3, 2}, ConvolutionShape{1, 1, 1, 8, 8, 1, 1, 0}}) {
    INFO(shape.inputs << " to " << shape.outputs << " channels");
    const Operands of(shape);
    check_error(by_products(kAvx2Kernels, of), by_aten(of, at::kFloat).weight_gradient,
                by_aten(of, at::kDouble).weight_gradient);
  }
}

/// The square convolutions without groups of all models but the largest, of four images each of
/// which its results were published on.
std::vector<ConvolutionShape> shapes_of_the_zoo() {
  constexpr std::int64_t kMostParameters = 150'000'000;
  std::map<std::string, ConvolutionShape> shapes;
  const at::NoGradGuard no_gradients;
  for (const std::string& name : models::names()) {
    const models::ModelInfo& info = models::info(name);
    if (info.parameters > kMostParameters) continue;
    models::Model model = models::create(name);
    model.to_channels_last();
    model.train();
    const at::Tensor images =
        at::randn({2, 3, info.input_size, info.input_size}).contiguous(kChannelsLast);
    for (const UsedConvolution& c :
         convolutions_of(images, [&] { static_cast<void>(model.forward(images)); })) {
      if (c.groups != 1 || c.weight[2] != c.weight[3] || c.dilation[0] != 1) continue;
      const ConvolutionShape shape{.images = 4,
                                   .height = c.input[2],
                                   .width = c.input[3],
                                   .inputs = c.input[1],
                                   .outputs = c.weight[0],
                                   .kernel = c.weight[2],
                                   .stride = c.stride[0],
                                   .padding = c.padding[0]};
      const std::string key = std::to_string(shape.height) + " " + std::to_string(shape.width) +
                              " " + std::to_string(shape.inputs) + " " +
                              std::to_string(shape.outputs) + " " + std::to_string(shape.kernel) +
                              " " + std::to_string(shape.stride) + " " +
                              std::to_string(shape.padding);
      if (shape.kernel == 1 || shape.kernel == 3) shapes.emplace(key, shape);
    }
  }
  std::vector<ConvolutionShape> all;
  for (const auto& [key, shape] : shapes) all.push_back(shape);
  return all;
}

TEST_CASE("all 1x1 and 3x3 convolutions of the zoo have three times oneDNN's error at most",
          "[.][zoo]") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  const std::vector<ConvolutionShape> all = shapes_of_the_zoo();
  int taken = 0;
  for (const ConvolutionShape& shape : all) {
    const Methods methods(shape, 32);
    if (!methods.any()) continue;
    ++taken;
    check_shape(shape, methods);
  }
  WARN(taken << " of " << all.size() << " shapes are taken");
  CHECK(taken > 50);
}

}  // namespace
}  // namespace imgcls::kernels
