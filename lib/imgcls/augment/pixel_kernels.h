#pragma once
// The inner loops of pixel operations over RGB bytes. One set for each kind of vector unit, from
// one text; all give the same bits, since no operation is reordered and none is fused. Internal to
// imgcls::data.
//
//   pixel_loops.h          the loops; sampling_loops.h, blur_loops.h and hue_loop.h the longest
//   pixel_kernels.cpp      compiled for any processor, and the choice at run time
//   pixel_kernels_avx2.cpp compiled for AVX2
//
// This header and pixel_loops.h are read by files that are compiled for a newer processor than the
// rest: they define no inline function that another file might then run.

#include <imgcls/core/instruction_set.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::data {

/// An image that a transform reads; a byte behind its last pixel may be read.
struct TransformSource {
  const std::uint8_t* pixels;
  std::size_t stride;  ///< bytes from row to row
  int width, height;
};

/// A box whose outermost pixels count in part: weights of 24 fractional bits.
struct BoxWeights {
  int radius;           ///< pixels to either side that count whole
  std::uint32_t whole;  ///< their weight, and the middle's
  std::uint32_t outer;  ///< that of the next one to either side
};

/// One row of a transform of a source of the output's size; `matrix` is a ProjectiveMatrix.
using TransformRow = void (*)(const TransformSource& source, const double* matrix, int row,
                              const std::uint8_t fill[3], std::uint8_t* out);

/// Loops over `bytes` bytes, or `pixels` pixels of three. "Blending" is Pillow's ImagingBlend: with
/// d for the degenerate value and v for the image's, d + alpha (v - d) in single precision, kept
/// within 0 .. 255 and cut to a whole number.
struct PixelKernels {
  /// Blends with one value.
  void (*blend_constant)(std::uint8_t* data, std::size_t bytes, int degenerate, float alpha);
  /// Blends each pixel with its grey.
  void (*blend_grey)(std::uint8_t* data, std::size_t pixels, float alpha);
  /// Blends a row with itself smoothed by 1 1 1, 1 5 1, 1 1 1 over 13. The first and the last
  /// pixel stay. `out` is none of the three rows.
  void (*blend_smooth)(const std::uint8_t* above, const std::uint8_t* row,
                       const std::uint8_t* below, std::size_t bytes, float alpha,
                       std::uint8_t* out);
  /// Sum of the pixels' grey.
  std::uint64_t (*grey_sum)(const std::uint8_t* data, std::size_t pixels);
  /// All channels of a pixel become its grey.
  void (*to_grey)(std::uint8_t* data, std::size_t pixels);
  /// Keeps the bits of `mask`, then flips those of `flipped`.
  void (*mask)(std::uint8_t* data, std::size_t bytes, std::uint8_t mask, std::uint8_t flipped);
  /// Inverts values of `threshold` and above.
  void (*solarize)(std::uint8_t* data, std::size_t bytes, std::uint8_t threshold);
  /// Least and greatest value of each channel.
  void (*extremes)(const std::uint8_t* data, std::size_t pixels, std::uint8_t low[3],
                   std::uint8_t high[3]);
  /// v becomes v scale[c] + offset[c] in channel c, in single precision, kept within 0 .. 255 and
  /// cut to a whole number.
  void (*linear)(std::uint8_t* data, std::size_t pixels, const float scale[3],
                 const float offset[3]);
  TransformRow nearest_row, bilinear_row, bicubic_row;
  /// Pillow's box blur of `length` places of `lanes` values each, which lie `lanes` apart: pixels
  /// of a row, or rows of a column. The places at the ends go on outside. `sums` has room for a
  /// place.
  void (*box_blur)(const BoxWeights& box, const std::uint8_t* in, int length, std::size_t lanes,
                   std::uint32_t* sums, std::uint8_t* out);
  /// `out` becomes the sum of `count` rows by their weights, in their order.
  void (*weighted_sum)(const float* const* rows, const float* weights, int count,
                       std::size_t values, float* out);
  /// Rounded, halves to even numbers, and kept within 0 .. 255.
  void (*round_to_bytes)(const float* values, std::size_t count, std::uint8_t* out);
  /// Adds `shift` to each pixel's hue, in 256ths of a turn, by Pillow's way to HSV and back.
  void (*turn_hue)(std::uint8_t* data, std::size_t pixels, std::uint8_t shift);
};

/// AVX-512 has no set of its own.
const PixelKernels& pixel_kernels(InstructionSet instruction_set);

extern const PixelKernels kPixelPortable;
extern const PixelKernels kPixelAvx2;

}  // namespace imgcls::data
