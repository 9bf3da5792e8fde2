// Convolutions of our own against one another, and under PyTorch's operators.
#include "../support/skip.h"
#include "operands.h"

#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/fast_convolutions.h>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/generated/variable_factories.h>

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

namespace imgcls::kernels {
namespace {

TEST_CASE("the portable loops of convolutions give AVX2's bits") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  Random random(4, 0, 0, RandomStream::augment);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const Operands of(random_shape(random), i);
    const Results fast = by_winograd(kAvx2Kernels, of), plain = by_winograd(kPortableKernels, of);
    CHECK(at::equal(fast.output, plain.output));
    CHECK(at::equal(fast.input_gradient, plain.input_gradient));
    CHECK(at::equal(fast.weight_gradient, plain.weight_gradient));
    CHECK(at::equal(by_products(kAvx2Kernels, of), by_products(kPortableKernels, of)));
  }
}

TEST_CASE("the number of threads does not change a convolution's bits") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  const int before = at::get_num_threads();
  std::vector<ConvolutionShape> shapes = winograd_shapes();
  shapes.push_back({8, 28, 28, 64, 96, 3, 1, 1});  // products of many places for few weights
  for (const ConvolutionShape& shape : shapes) {
    const Operands of(shape);
    at::set_num_threads(1);
    const Results one = by_winograd(kAvx2Kernels, of);
    const at::Tensor products = by_products(kAvx2Kernels, of);
    for (const int threads : {2, 3, 7}) {
      at::set_num_threads(threads);
      const Results more = by_winograd(kAvx2Kernels, of);
      CHECK(at::equal(one.output, more.output));
      CHECK(at::equal(one.input_gradient, more.input_gradient));
      CHECK(at::equal(one.weight_gradient, more.weight_gradient));
      CHECK(at::equal(products, by_products(kAvx2Kernels, of)));
    }
  }
  at::set_num_threads(before);
}

/// A step through PyTorch's front door.
Results by_autograd(const Operands& of, const at::Tensor& bias, at::Tensor* bias_gradient) {
  const at::Tensor input = of.input.detach().requires_grad_();
  const at::Tensor weight = of.weight.detach().requires_grad_();
  const at::Tensor added = bias.defined() ? bias.detach().requires_grad_() : at::Tensor();
  const at::Tensor output = at::conv2d(input, weight, added, of.shape.stride, of.shape.padding);
  output.backward(of.gradient);
  if (bias_gradient != nullptr) *bias_gradient = added.grad();
  return {output.detach(), input.grad(), weight.grad()};
}

TEST_CASE("while the guard lives, PyTorch's convolutions are ours, and after it its own") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  const Operands of({4, 32, 32, 64, 64, 3, 1, 1});
  const at::Tensor bias = at::randn({64});
  REQUIRE(fastest_method(of.shape, Part::forward) == Method::winograd);
  at::Tensor plain_sum, fast_sum;
  const Results plain = by_autograd(of, bias, &plain_sum);
  Results ours = by_winograd(kAvx2Kernels, of);
  {
    const FastConvolutionsGuard fast, another;
    const Results made = by_autograd(of, bias, &fast_sum);
    CHECK(at::equal(made.output, ours.output + bias.view({1, 64, 1, 1})));
    CHECK(at::equal(made.input_gradient, ours.input_gradient));
    CHECK(at::equal(made.weight_gradient, ours.weight_gradient));
    CHECK(at::allclose(fast_sum, plain_sum, 1e-4, 1e-3));
    CHECK(made.output.is_contiguous(kChannelsLast));
    const ExactConvolutionsGuard exact;
    CHECK(at::equal(by_autograd(of, bias, nullptr).output, plain.output));
  }
  CHECK(at::equal(by_autograd(of, bias, nullptr).output, plain.output));
}

TEST_CASE("what is not taken goes to ATen with its bits") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  const auto convolved = [](const at::Tensor& input, const at::Tensor& weight, std::int64_t groups,
                            std::int64_t dilation) {
    return at::conv2d(input, weight, {}, 1, 1, dilation, groups);
  };
  const at::Tensor input = at::randn({2, 64, 32, 32}), weight = at::randn({64, 64, 3, 3});
  const at::Tensor last = input.contiguous(kChannelsLast);
  const at::Tensor weight_last = weight.contiguous(kChannelsLast);
  const at::Tensor narrow = at::randn({2, 3, 32, 32}).contiguous(kChannelsLast);
  const auto all = [&] {
    return std::vector<at::Tensor>{
        convolved(input, weight, 1, 1),
        convolved(last, weight_last, 1, 2),
        convolved(last, at::ones({64, 1, 3, 3}).contiguous(kChannelsLast), 64, 1),
        convolved(narrow, at::ones({64, 3, 3, 3}).contiguous(kChannelsLast), 1, 1),
        convolved(last.to(at::kDouble), weight_last.to(at::kDouble), 1, 1),
        convolved(last.to(at::kBFloat16), weight_last.to(at::kBFloat16), 1, 1)};
  };
  const auto before = all();
  const FastConvolutionsGuard fast;
  const auto after = all();
  for (std::size_t i = 0; i < before.size(); ++i) {
    INFO(i);
    CHECK(at::equal(before[i], after[i]));
  }
  CHECK_THROWS(convolved(last, at::ones({64, 32, 3, 3}).contiguous(kChannelsLast), 1, 1));
}

TEST_CASE("what is not finite reaches the outputs that it should") {
  if (!can_convolve_fast()) IMGCLS_SKIP(kNeedsAvx2);
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Operands of({2, 13, 13, 16, 16, 3, 1, 1});
    of.input[1][3][6][6] = bad;
    of.gradient[0][2][5][5] = bad;
    const Results made = by_winograd(kAvx2Kernels, of), direct = by_aten(of, at::kFloat);
    const auto reached = [](const at::Tensor& ours, const at::Tensor& theirs) {
      return (ours.isfinite().logical_not() | theirs.isfinite()).all().item<bool>();
    };
    CHECK(reached(made.output, direct.output));
    CHECK(reached(made.input_gradient, direct.input_gradient));
    CHECK(reached(made.weight_gradient, direct.weight_gradient));
  }
}

}  // namespace
}  // namespace imgcls::kernels
