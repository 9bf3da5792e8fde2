#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/convolution_kernels.h>

#include <cstdint>

namespace imgcls::kernels {
namespace {

// Operations and bytes a second of one core, of a Zen 4 at 89 GFLOP/s of peak; only how they
// compare counts.
constexpr double kPeak = 82e9;          // of products of matrices that fit the cache
constexpr double kOldGradient = 59e9;   // oneDNN's weight gradient for AVX2, on average
constexpr double kTransform = 1.15e-9;  // seconds for each value of input and output
constexpr double kForwardWeights = 6.5e9, kBackwardWeights = 4.8e9;
// What must be gained before it is worth it.
constexpr double kWorthwhile = 0.92;

bool has_whole_vectors(const ConvolutionShape& shape) {
  return shape.inputs % 8 == 0 && shape.outputs % 8 == 0;
}

bool takes_winograd(const ConvolutionShape& shape) {
  return has_whole_vectors(shape) && shape.kernel == 3 && shape.stride == 1 && shape.padding == 1;
}

double winograd_seconds(const ConvolutionShape& shape, double weight_bytes_a_second) {
  const auto up = [](std::int64_t size) { return (size + kTile - 1) / kTile; };
  const auto tiles =
      static_cast<double>(shape.images * up(shape.out_height()) * up(shape.out_width()));
  const auto pairs = static_cast<double>(shape.inputs * shape.outputs);
  const auto values = static_cast<double>(shape.images * shape.height * shape.width *
                                          (shape.inputs + shape.outputs));
  return 2.0 * kPositions * tiles * pairs / kPeak + kTransform * values +
         kPositions * pairs * sizeof(float) / weight_bytes_a_second;
}

Method cheaper(const ConvolutionShape& shape, double weight_bytes_a_second, double direct) {
  if (!takes_winograd(shape)) return Method::aten;
  const bool worthwhile =
      winograd_seconds(shape, weight_bytes_a_second) < kWorthwhile * shape.operations() / direct;
  return worthwhile ? Method::winograd : Method::aten;
}

}  // namespace

Method forward_method(const ConvolutionShape& shape) {
  return cheaper(shape, kForwardWeights, kPeak);
}

Method input_gradient_method(const ConvolutionShape& shape) {
  return cheaper(shape, kBackwardWeights, kPeak);
}

Method weight_gradient_method(const ConvolutionShape& shape) {
  if (cheaper(shape, kBackwardWeights, kOldGradient) == Method::winograd) return Method::winograd;
  if (!has_whole_vectors(shape) || shape.inputs < 64 || shape.outputs < 64) return Method::aten;
  // oneDNN is fast where an image has many places, and slow where it steps over some.
  constexpr std::int64_t kFewPlaces = 16 * 16, kSomePlaces = 32 * 32;
  const std::int64_t area = shape.out_height() * shape.out_width();
  const bool slow = shape.stride > 1 ? area <= kSomePlaces : area <= kFewPlaces;
  return slow ? Method::products : Method::aten;
}

}  // namespace imgcls::kernels
