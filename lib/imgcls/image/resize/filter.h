#pragma once
// Which input pixels an output pixel is made of, and with what weights: the filters of Pillow's
// Image.resize, whose arithmetic is followed operation by operation, so that the bits agree.
// Internal to imgcls::data.

#include <imgcls/image/resize/interpolation.h>

#include <cstdint>
#include <vector>

namespace imgcls::data {

/// Weights are fixed-point numbers with this many fractional bits: 32 less 8 for a pixel and 2 to
/// spare, since bicubic weights reach below 0 and above 1.
constexpr int kFractionBits = 22;

/// What is added to a sum of weighted pixels before its fraction is cut off.
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

/// The filter of one direction. `Weight` is std::int32_t, fixed-point, for pixels of 8 bits, or
/// double for those of 16.
template <class Weight>
struct WeightedFilter {
  /// The input pixels of an output: [first, first + count).
  struct Taps {
    int first = 0;
    int count = 0;
    int end() const { return first + count; }
  };
  /// For each output, in order.
  std::vector<Taps> taps;
  /// The largest `count`.
  int max_count = 0;
  /// Weights of output i: from weights[i * stride] on.
  int stride = 0;
  std::vector<Weight> weights;

  const Weight* weights_of(std::size_t output) const {
    return weights.data() + output * static_cast<std::size_t>(stride);
  }

  /// Outputs [begin, end) of `out` pixels made from `in` pixels; `interpolation` is an antialiased
  /// one. Reuses its memory.
  void make(int in, int out, int begin, int end, Interpolation interpolation);

 private:
  std::vector<double> exact_;
};

using ResizeFilter = WeightedFilter<std::int32_t>;
using ExactResizeFilter = WeightedFilter<double>;

}  // namespace imgcls::data
