// Convolutions of our own, of any shape and values: their sums are those in double precision, their
// bits do not depend on the number of threads nor on the vector unit, and all is written. Without
// LibTorch: threads are calls one after the other, from the last part to the first.
#include <imgcls/kernels/convolution_shape.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/weight_gradient.h>
#include <imgcls/kernels/winograd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace imgcls::kernels {
namespace {
int threads = 1;
}  // namespace

int thread_count() {
  return threads;
}

void in_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, const Work& work) {
  const std::int64_t most = (end - begin + grain - 1) / grain;
  const std::int64_t parts = std::min<std::int64_t>(threads, most);
  const std::int64_t each = parts == 0 ? 0 : (end - begin + parts - 1) / parts;
  for (std::int64_t part = parts; part-- > 0;) {
    const std::int64_t first = begin + part * each, last = std::min(end, first + each);
    if (first < last) work(first, last, static_cast<int>(part));
  }
}

}  // namespace imgcls::kernels

namespace {

using namespace imgcls::kernels;

using Values = std::vector<float>;

/// Numbers and values, from bytes that begin anew when they end.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + next() % (most - least + 1);
  }
  /// From -1 to 1.
  Values values(std::int64_t count) {
    Values all(static_cast<std::size_t>(count));
    for (float& value : all) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL + next();
      value = static_cast<float>(static_cast<std::int32_t>(state_ >> 32)) * 0x1p-31F;
    }
    return all;
  }

 private:
  std::uint8_t next() { return bytes_[at_++ % bytes_.size()]; }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  std::uint64_t state_ = 1;
};

struct Operands {
  ConvolutionShape shape;
  Values input, weight, gradient, bias;
};

struct Results {
  Values output, input_gradient, weight_gradient, products;
};

ConvolutionShape shape_of(Bytes& bytes) {
  constexpr std::int64_t kKernels[] = {1, 3, 3, 5};
  // Seldom so large that weights' gradients are sums of several parts.
  const std::int64_t most = bytes.between(0, 7) == 0 ? 37 : 13;
  ConvolutionShape shape{.images = bytes.between(1, 2),
                         .height = bytes.between(1, most),
                         .width = bytes.between(1, most),
                         .inputs = 8 * bytes.between(1, 4),
                         .outputs = 8 * bytes.between(1, 4),
                         .kernel = kKernels[bytes.between(0, 3)],
                         .stride = bytes.between(1, 3),
                         .padding = bytes.between(0, 2)};
  const std::int64_t least = std::max<std::int64_t>(1, shape.kernel - 2 * shape.padding);
  shape.height = std::max(shape.height, least);
  shape.width = std::max(shape.width, least);
  return shape;
}

bool fits_winograd(const ConvolutionShape& shape) {
  return shape.kernel == 3 && shape.stride == 1;
}

Operands operands_of(Bytes& bytes) {
  Operands of{.shape = shape_of(bytes), .input = {}, .weight = {}, .gradient = {}, .bias = {}};
  const ConvolutionShape& s = of.shape;
  of.input = bytes.values(s.images * s.height * s.width * s.inputs);
  of.weight = bytes.values(s.outputs * s.kernel * s.kernel * s.inputs);
  of.gradient = bytes.values(s.places() * s.outputs);
  of.bias = bytes.values(s.outputs);
  return of;
}

Results by_own(const ConvolutionKernels& kernels, const Operands& of, int with_threads) {
  threads = with_threads;
  // What no result is, so that a value that is not written is found.
  const auto unwritten = [](const Values& like) { return Values(like.size(), 1e30F); };
  Results made{.output = unwritten(of.gradient),
               .input_gradient = unwritten(of.input),
               .weight_gradient = unwritten(of.weight),
               .products = unwritten(of.weight)};
  product_weight_gradient(kernels, of.shape, of.input.data(), of.gradient.data(),
                          made.products.data());
  if (!fits_winograd(of.shape)) return made;
  winograd_forward(kernels, of.shape, of.input.data(), of.weight.data(), of.bias.data(),
                   made.output.data());
  winograd_input_gradient(kernels, of.shape, of.gradient.data(), of.weight.data(),
                          made.input_gradient.data());
  winograd_weight_gradient(kernels, of.shape, of.input.data(), of.gradient.data(),
                           made.weight_gradient.data());
  return made;
}

struct Sums {
  std::vector<double> output, input_gradient, weight_gradient;
};

Sums by_definition(const Operands& of) {
  const ConvolutionShape& s = of.shape;
  Sums sums{std::vector<double>(of.gradient.size()), std::vector<double>(of.input.size()),
            std::vector<double>(of.weight.size())};
  const std::int64_t area = s.out_height() * s.out_width(), taps = s.kernel * s.kernel;
  for (std::int64_t place = 0; place < s.places(); ++place) {
    for (std::int64_t k = 0; k < s.outputs; ++k) {
      const auto out = static_cast<std::size_t>(place * s.outputs + k);
      sums.output[out] = of.bias[static_cast<std::size_t>(k)];
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t in_image = place % area;
        const std::int64_t y = in_image / s.out_width() * s.stride - s.padding + tap / s.kernel;
        const std::int64_t x = in_image % s.out_width() * s.stride - s.padding + tap % s.kernel;
        if (y < 0 || y >= s.height || x < 0 || x >= s.width) continue;
        const std::int64_t pixel = (place / area * s.height + y) * s.width + x;
        for (std::int64_t c = 0; c < s.inputs; ++c) {
          const auto in = static_cast<std::size_t>(pixel * s.inputs + c);
          const auto weight = static_cast<std::size_t>((k * taps + tap) * s.inputs + c);
          const double value = of.input[in], factor = of.weight[weight], part = of.gradient[out];
          sums.output[out] += value * factor;
          sums.input_gradient[in] += part * factor;
          sums.weight_gradient[weight] += part * value;
        }
      }
    }
  }
  return sums;
}

/// Of a sum of `terms` products of tiles of values up to 1: the transforms' factors add up to 1,100
/// at most for an output, and each term is rounded less than 16 times before it is added.
void check(const Values& made, const std::vector<double>& sums, std::int64_t terms) {
  const auto n = static_cast<double>(terms);
  const double most = 1100 * n * (n + 16) * 0x1p-24;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!(std::abs(made[i] - sums[i]) <= most)) std::abort();
  }
}

bool same(const Results& a, const Results& b) {
  return a.output == b.output && a.input_gradient == b.input_gradient &&
         a.weight_gradient == b.weight_gradient && a.products == b.products;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes bytes({data, size});
  const Operands of = operands_of(bytes);
  const Results made = by_own(kPortableKernels, of, 1);
  const Sums sums = by_definition(of);
  check(made.products, sums.weight_gradient, of.shape.places());
  if (fits_winograd(of.shape)) {
    const auto up = [](std::int64_t side) { return (side + kTile - 1) / kTile; };
    check(made.output, sums.output, of.shape.inputs);
    check(made.input_gradient, sums.input_gradient, of.shape.outputs);
    check(made.weight_gradient, sums.weight_gradient,
          of.shape.images * up(of.shape.out_height()) * up(of.shape.out_width()));
  }
  const int more = static_cast<int>(bytes.between(2, 5));
  if (!same(made, by_own(kPortableKernels, of, more))) std::abort();
#ifdef IMGCLS_X86
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  if (!same(made, by_own(kAvx2Kernels, of, more))) std::abort();
#endif
  return 0;
}
