#pragma once
// The arithmetic of a JPEG's pixels, with libjpeg-turbo's bits: its exact integer inverse DCT
// (ISLOW), its "fancy" upsampling of chroma, and its conversion from YCbCr. Internal to
// imgcls::data.

#include <imgcls/core/instruction_set.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace imgcls::data {

/// Coefficients of two blocks, each 8 x 8 in natural order (row by row).
inline constexpr std::size_t kBlockSize = 64;
/// Dequantized coefficients of 8-bit images lie below 2^11; from 2^13 on, sums of 16 bits overflow.
inline constexpr int kMaxCoefficient = 8191;
/// Kernels may read and write this many bytes past the end of a row.
inline constexpr std::size_t kRowSlack = 96;

/// One implementation; all give the same bits.
struct JpegKernels {
  /// Dequantizes and transforms two blocks. `coefficients`: 2 x 64, aligned to 32 bytes;
  /// `quantization`: 64, natural order, likewise; `out`: the upper left corner of each block. False
  /// where a coefficient is beyond kMaxCoefficient, as no image has it: libjpeg's bits are not
  /// promised then.
  bool (*inverse_dct)(const std::int16_t* coefficients, const std::int16_t* quantization,
                      std::uint8_t* const* out, std::size_t stride);
  /// One row of RGB from a row of each component, all of `width` samples.
  void (*to_rgb)(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width,
                 std::uint8_t* rgb);
  /// One row of RGB from grey.
  void (*grey_to_rgb)(const std::uint8_t* y, int width, std::uint8_t* rgb);
};

/// The kernels for an instruction set. AVX-512 has none of its own here: it gets AVX2's.
const JpegKernels& jpeg_kernels(InstructionSet instruction_set);

/// An upsampled row across: `out[0]` to `out[2 count - 1]` from `in[0]` to `in[count - 1]` and a
/// neighbour on each side, `in[-1]` and `in[count]`; at the image's edge these repeat the edge.
void upsample_across(const std::uint8_t* in, int count, std::uint8_t* out);

/// A row of which chroma has half the height: three parts of the nearer row, one of the farther.
/// `lower`: the farther row lies below.
void upsample_down(const std::uint8_t* near, const std::uint8_t* far, bool lower, int count,
                   std::uint8_t* out);

/// Both, from rows with a neighbour on each side.
void upsample_both(const std::uint8_t* near, const std::uint8_t* far, int count, std::uint8_t* out);

}  // namespace imgcls::data
