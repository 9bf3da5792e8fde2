#pragma once
// The inner loops of pixel operations over RGB bytes. One set for each kind of vector unit, from
// one text; all give the same bits, since no operation is reordered and none is fused. Internal to
// imgcls::data.
//
//   pixel_loops.h          the loops; bilinear_loop.h the longest of them
//   pixel_kernels.cpp      compiled for any processor, and the choice at run time
//   pixel_kernels_avx2.cpp compiled for AVX2
//
// This header and pixel_loops.h are read by files that are compiled for a newer processor than the
// rest: they define no inline function that another file might then run.

#include <imgcls/core/instruction_set.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::data {

/// An image that bilinear_row reads; a byte behind its last pixel may be read.
struct BilinearSource {
  const std::uint8_t* pixels;
  std::size_t stride;  ///< bytes from row to row
  int width, height;
};

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
  /// One row of a bilinear affine transform (AffineMatrix) of a source of the output's size.
  void (*bilinear_row)(const BilinearSource& source, const double* matrix, int row,
                       const std::uint8_t fill[3], std::uint8_t* out);
};

/// AVX-512 has no set of its own.
const PixelKernels& pixel_kernels(InstructionSet instruction_set);

extern const PixelKernels kPixelPortable;
extern const PixelKernels kPixelAvx2;

}  // namespace imgcls::data
