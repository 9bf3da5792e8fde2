#pragma once
// What a convolution is, in numbers.

#include <cstdint>

namespace imgcls::kernels {

/// A convolution without groups and dilation, the same in both directions.
struct ConvolutionShape {
  std::int64_t images = 1, height = 1, width = 1;    ///< of the input, in pixels
  std::int64_t inputs = 1, outputs = 1;              ///< channels
  std::int64_t kernel = 1, stride = 1, padding = 0;  ///< down and across

  /// Of the output, in pixels.
  std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  /// Likewise.
  std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  /// Output pixels of all images.
  std::int64_t places() const { return images * out_height() * out_width(); }
  /// Multiplications and additions of a direct sum.
  double operations() const {
    return 2.0 * static_cast<double>(places() * inputs * outputs * kernel * kernel);
  }
};

}  // namespace imgcls::kernels
