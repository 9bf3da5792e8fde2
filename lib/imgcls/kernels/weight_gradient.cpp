#include <imgcls/kernels/panels.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/weight_gradient.h>

#include <algorithm>
#include <cstdint>

namespace imgcls::kernels {
namespace {

// Output pixels whose values are packed at once: a sum is one of sums over so many.
constexpr std::int64_t kPlaces = 144;
constexpr std::int64_t kColumns = 512;  // input channels, likewise
constexpr std::int64_t kPanelStride = apart(kPlaces);
// Weights of which a few gradients are made and added up, and how many at most.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 18;
constexpr std::int64_t kMostRanges = 16;

std::int64_t weights_of(const ConvolutionShape& shape) {
  return shape.inputs * shape.outputs * shape.kernel * shape.kernel;
}

/// A power of 2: of how many ranges of places the gradients are added up. Threads take them, and
/// where the weights are few no value is then read by two of them. The shape alone decides, so
/// that the sums are the same for any number of threads.
std::int64_t ranges_of(const ConvolutionShape& shape) {
  std::int64_t ranges = kMostRanges;
  while (ranges > 1 &&
         (ranges * weights_of(shape) > kFewWeights || ranges * 4 * kPlaces > shape.places())) {
    ranges /= 2;
  }
  return ranges;
}

/// A range of places' part of the gradient for some output channels, on one thread.
class PartialGradient {
 public:
  /// Of the blocks of 16 output channels `blocks`; `rows` and `columns` are memory for kPlaces
  /// places of those and of kColumns input channels.
  PartialGradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape, Range blocks,
                  float* rows, float* columns)
      : kernels_(kernels),
        shape_(shape),
        first_(blocks.begin * kWidth),
        count_(std::min(shape.outputs, blocks.end * kWidth) - first_),
        rows_(rows),
        columns_(columns) {}

  /// Into `output`, the weights' [output channel][tap][input channel].
  void run(Range places, const float* input, const float* gradient, float* output) const {
    const std::int64_t taps = shape_.kernel * shape_.kernel;
    for (std::int64_t place = places.begin; place < places.end; place += kPlaces) {
      const Range now{place, std::min(places.end, place + kPlaces)};
      pack_rows(now, gradient);
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        for (std::int64_t c = 0; c < shape_.inputs; c += kColumns) {
          const std::int64_t channels = std::min(kColumns, shape_.inputs - c);
          pack_columns(now, tap, input + c, channels);
          kernels_.add_products(
              rows_, columns_, std::size_t{kPanelStride}, static_cast<std::size_t>(now.count()), 0,
              static_cast<std::size_t>(count_), static_cast<std::size_t>(channels),
              /*increase=*/place > places.begin, output + (first_ * taps + tap) * shape_.inputs + c,
              static_cast<std::size_t>(taps * shape_.inputs));
        }
      }
    }
  }

 private:
  void pack_rows(Range places, const float* gradient) const {
    const float* from = gradient + places.begin * shape_.outputs + first_;
    for (std::int64_t i = 0; i < places.count(); ++i, from += shape_.outputs) {
      kernels_.pack(from, static_cast<std::size_t>(count_), rows_ + i * kWidth,
                    std::size_t{kPanelStride});
    }
  }

  // What a tap of the kernel meets at each of the output's places; zeros in the padding.
  void pack_columns(Range places, std::int64_t tap, const float* input,
                    std::int64_t channels) const {
    const std::int64_t width = shape_.out_width(), area = shape_.out_height() * width;
    for (std::int64_t place = places.begin; place < places.end; ++place) {
      const std::int64_t image = place / area, at = place % area;
      const std::int64_t y = at / width * shape_.stride - shape_.padding + tap / shape_.kernel;
      const std::int64_t x = at % width * shape_.stride - shape_.padding + tap % shape_.kernel;
      const bool inside = y >= 0 && y < shape_.height && x >= 0 && x < shape_.width;
      const std::int64_t from = ((image * shape_.height + y) * shape_.width + x) * shape_.inputs;
      kernels_.pack(inside ? input + from : nullptr, static_cast<std::size_t>(channels),
                    columns_ + (place - places.begin) * kWidth, std::size_t{kPanelStride});
    }
  }

  const ConvolutionKernels& kernels_;
  ConvolutionShape shape_;
  std::int64_t first_, count_;
  float* rows_;
  float* columns_;
};

/// `output` plus what each range of places but the first has made, in their order.
void add_up(const Floats& sums, std::int64_t others, std::int64_t weights, float* output) {
  constexpr std::int64_t kGrain = 4096;
  in_parallel(0, weights, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t other = 0; other < others; ++other) {
      const float* const from = sums.data() + other * weights;
      for (std::int64_t i = begin; i < end; ++i) output[i] += from[i];
    }
  });
}

}  // namespace

void product_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* input, const float* gradient, float* output) {
  const std::int64_t weights = weights_of(shape), blocks = panels(shape.outputs);
  const std::int64_t ranges = ranges_of(shape);
  const std::int64_t length = parts_of(parts_of(shape.places(), ranges), kPlaces) * kPlaces;
  // Where there are more threads than ranges, some share a range's output channels.
  const std::int64_t share = parts_of(blocks, parts_of(thread_count(), ranges));
  const std::int64_t parts = parts_of(blocks, share);
  const std::int64_t rows = share * kPanelStride;
  const std::int64_t each = rows + panels(std::min(kColumns, shape.inputs)) * kPanelStride;
  const Floats scratch(thread_count() * each);
  const Floats sums((ranges - 1) * weights);
  in_parallel(0, ranges * parts, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
    float* const own = scratch.data() + thread * each;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t range = i / parts, block = i % parts * share;
      const PartialGradient part(kernels, shape, {block, std::min(blocks, block + share)}, own,
                                 own + rows);
      part.run({range * length, std::min(shape.places(), (range + 1) * length)}, input, gradient,
               range == 0 ? output : sums.data() + (range - 1) * weights);
    }
  });
  add_up(sums, ranges - 1, weights, output);
}

}  // namespace imgcls::kernels
