#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/winograd_tiles.h>

#include <algorithm>
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

// Not without padding or with more, nor of a single image: there the direct sums that oneDNN and
// ATen's other code make are of many short ones, and have a third of the usual error.
bool fits_winograd(const ConvolutionShape& shape) {
  return has_whole_vectors(shape) && shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 &&
         shape.images > 1;
}

double winograd_seconds(const ConvolutionShape& shape, Part part) {
  const Tiles all(shape.images, shape.out_height(), shape.out_width());
  const auto tiles = static_cast<double>(all.count());
  const auto pairs = static_cast<double>(shape.inputs * shape.outputs);
  const auto values = static_cast<double>(shape.images * shape.height * shape.width *
                                          (shape.inputs + shape.outputs));
  return 2.0 * kPositions * tiles * pairs / kPeak + kTransform * values +
         kPositions * pairs * sizeof(float) /
             (part == Part::forward ? kForwardWeights : kBackwardWeights);
}

bool is_winograd_faster(const ConvolutionShape& shape, Part part) {
  const double direct = shape.operations() / (part == Part::weight_gradient ? kOldGradient : kPeak);
  return winograd_seconds(shape, part) < kWorthwhile * direct;
}

// oneDNN is fast where an image has many places, and where there are few places and few channels.
bool are_products_faster(const ConvolutionShape& shape) {
  constexpr std::int64_t kFewChannels = 32, kManyChannels = 128;
  constexpr std::int64_t kManyInImage = 32 * 32, kManyPlaces = 2048;
  const std::int64_t channels = std::min(shape.inputs, shape.outputs);
  return channels >= kFewChannels && shape.out_height() * shape.out_width() <= kManyInImage &&
         (shape.stride > 1 || shape.places() >= kManyPlaces || channels > kManyChannels);
}

}  // namespace

Method own_method(const ConvolutionShape& shape, Part part) {
  if (fits_winograd(shape)) return Method::winograd;
  const bool products = part == Part::weight_gradient && has_whole_vectors(shape);
  return products ? Method::products : Method::aten;
}

Method fastest_method(const ConvolutionShape& shape, Part part) {
  if (fits_winograd(shape) && is_winograd_faster(shape, part)) return Method::winograd;
  const bool products =
      part == Part::weight_gradient && has_whole_vectors(shape) && are_products_faster(shape);
  return products ? Method::products : Method::aten;
}

}  // namespace imgcls::kernels
