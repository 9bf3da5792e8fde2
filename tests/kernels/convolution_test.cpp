// Convolutions of our own against sums in double precision, and against PyTorch's in float32.
#include <imgcls/core/philox.h>
#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/kernels/weight_gradient.h>
#include <imgcls/kernels/winograd.h>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/generated/variable_factories.h>

#include <catch2/catch.hpp>
#include <limits>
#include <tuple>
#include <vector>

namespace imgcls::kernels {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

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

Results by_aten(const Operands& of, at::ScalarType type) {
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
at::Tensor unwritten(const at::Tensor& like) {
  return at::full_like(like, 1e30);
}

Results by_winograd(const ConvolutionKernels& kernels, const Operands& of) {
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

at::Tensor by_products(const ConvolutionKernels& kernels, const Operands& of) {
  at::Tensor made = unwritten(of.weight);
  product_weight_gradient(kernels, of.shape, of.input.const_data_ptr<float>(),
                          of.gradient.const_data_ptr<float>(), made.data_ptr<float>());
  return made;
}

/// Sums in float32, one product after the other.
Results by_direct_sums(const Operands& of) {
  const ConvolutionShape& s = of.shape;
  Results made{at::zeros_like(of.gradient), at::zeros_like(of.input), at::zeros_like(of.weight)};
  const float* x = of.input.const_data_ptr<float>();
  const float* w = of.weight.const_data_ptr<float>();
  const float* dy = of.gradient.const_data_ptr<float>();
  float* y = made.output.data_ptr<float>();
  float* dx = made.input_gradient.data_ptr<float>();
  float* dw = made.weight_gradient.data_ptr<float>();
  for (std::int64_t n = 0; n < s.images; ++n) {
    for (std::int64_t place = 0; place < s.out_height() * s.out_width(); ++place) {
      for (std::int64_t tap = 0; tap < 9; ++tap) {
        const std::int64_t row = place / s.out_width() - s.padding + tap / 3;
        const std::int64_t column = place % s.out_width() - s.padding + tap % 3;
        if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
        const std::int64_t in = ((n * s.height + row) * s.width + column) * s.inputs;
        const std::int64_t out = (n * s.out_height() * s.out_width() + place) * s.outputs;
        for (std::int64_t k = 0; k < s.outputs; ++k) {
          const std::int64_t weight = (k * 9 + tap) * s.inputs;
          for (std::int64_t c = 0; c < s.inputs; ++c) {
            y[out + k] += x[in + c] * w[weight + c];
            dx[in + c] += dy[out + k] * w[weight + c];
            dw[weight + c] += dy[out + k] * x[in + c];
          }
        }
      }
    }
  }
  return made;
}

double mean_error(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).square().mean().sqrt().item<double>();
}

double error(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>();
}

/// Of the greatest errors: Winograd's points have 1.1 to 2.3 times that of a direct sum.
constexpr double kMostTimes = 3;

void check_error(const at::Tensor& made, const at::Tensor& direct, const at::Tensor& exact) {
  CHECK(error(made, exact) <= kMostTimes * error(direct, exact));
}

/// The 3x3 convolutions of stride 1 of ResNets at 176 and at 32 pixels, VGG's first ones, and
/// airbench's 24 channels.
std::vector<ConvolutionShape> winograd_shapes() {
  std::vector<ConvolutionShape> shapes;
  for (const auto& [side, channels] :
       {std::pair{44, 64}, {22, 128}, {11, 256}, {6, 512}, {32, 64}, {16, 128}, {8, 256}}) {
    shapes.push_back({8, side, side, channels, channels, 3, 1, 1});
  }
  shapes.push_back({4, 28, 28, 256, 512, 3, 1, 1});
  shapes.push_back({8, 31, 31, 24, 64, 3, 1, 1});
  return shapes;
}

ConvolutionShape random_shape(Random& random) {
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

TEST_CASE("Winograd's convolutions have at most three times oneDNN's greatest error") {
  if (!can_convolve_fast()) return;
  for (const ConvolutionShape& shape : winograd_shapes()) {
    INFO(shape.inputs << " to " << shape.outputs << " channels, " << shape.height << " x "
                      << shape.width);
    const Operands of(shape);
    const Results exact = by_aten(of, at::kDouble), direct = by_aten(of, at::kFloat);
    const Results made = by_winograd(kAvx2Kernels, of);
    check_error(made.output, direct.output, exact.output);
    check_error(made.input_gradient, direct.input_gradient, exact.input_gradient);
    check_error(made.weight_gradient, direct.weight_gradient, exact.weight_gradient);
  }
}

// By the root of the mean square: the greatest of some hundred values is luck, by which up to 3.2
// times the direct sums' greatest has been seen.
TEST_CASE(
    "for 200 random shapes that are taken, they have at most three times direct sums' error") {
  if (!can_convolve_fast()) return;
  Random random(3, 0, 0, RandomStream::augment);
  int taken = 0;
  for (std::uint64_t i = 0; taken < 200; ++i) {
    const ConvolutionShape shape = random_shape(random);
    const bool forward = forward_method(shape) == Method::winograd;
    const bool input = input_gradient_method(shape) == Method::winograd;
    const bool weight = weight_gradient_method(shape) == Method::winograd;
    if (!forward && !input && !weight) continue;
    ++taken;
    const Operands of(shape, i);
    INFO(i << ": " << shape.images << " x " << shape.height << " x " << shape.width << ", "
           << shape.inputs << " to " << shape.outputs);
    const Results exact = by_aten(of, at::kDouble), direct = by_direct_sums(of);
    const Results made = by_winograd(kAvx2Kernels, of);
    const auto check = [](const at::Tensor& ours, const at::Tensor& sums,
                          const at::Tensor& in_double) {
      CHECK(mean_error(ours, in_double) <= kMostTimes * mean_error(sums, in_double));
    };
    if (forward) check(made.output, direct.output, exact.output);
    if (input) check(made.input_gradient, direct.input_gradient, exact.input_gradient);
    if (weight) check(made.weight_gradient, direct.weight_gradient, exact.weight_gradient);
  }
}

TEST_CASE("weights' gradients as products of matrices have a direct sum's error") {
  if (!can_convolve_fast()) return;
  for (const ConvolutionShape& shape :
       {ConvolutionShape{4, 11, 11, 256, 1024, 1, 1, 0},
        ConvolutionShape{2, 22, 22, 512, 1024, 1, 2, 0},
        ConvolutionShape{3, 23, 21, 128, 136, 3, 2, 1}, ConvolutionShape{1, 7, 7, 520, 24, 5, 3, 2},
        ConvolutionShape{1, 1, 1, 8, 8, 1, 1, 0}}) {
    INFO(shape.inputs << " to " << shape.outputs << " channels, " << shape.height << " x "
                      << shape.width);
    const Operands of(shape);
    const at::Tensor exact = by_aten(of, at::kDouble).weight_gradient;
    const at::Tensor direct = by_aten(of, at::kFloat).weight_gradient;
    check_error(by_products(kAvx2Kernels, of), direct, exact);
  }
}

TEST_CASE("the portable loops of convolutions give AVX2's bits") {
  if (!can_convolve_fast()) return;
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
  if (!can_convolve_fast()) return;
  const int before = at::get_num_threads();
  for (const ConvolutionShape& shape : winograd_shapes()) {
    const Operands of(shape);
    at::set_num_threads(1);
    const Results one = by_winograd(kAvx2Kernels, of);
    const at::Tensor products = by_products(kAvx2Kernels, of);
    for (const int threads : {2, 3}) {
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
  if (!can_convolve_fast()) return;
  const Operands of({4, 32, 32, 64, 64, 3, 1, 1});
  const at::Tensor bias = at::randn({64});
  REQUIRE(forward_method(of.shape) == Method::winograd);
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
  if (!can_convolve_fast()) return;
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
  if (!can_convolve_fast()) return;
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
