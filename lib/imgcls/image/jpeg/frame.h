#pragma once
// The headers of a baseline JPEG (ITU-T T.81), as the decoder of our own needs them. Internal to
// imgcls::data.

#include <imgcls/image/image.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace imgcls::data {

/// A Huffman table as a file holds it: how many codes have 1 to 16 bits, and the symbols in the
/// order of their codes.
struct HuffmanCodes {
  std::array<std::uint8_t, 16> counts{};  ///< how many codes have 1, 2, ... 16 bits
  std::span<const std::byte> symbols;     ///< in the order of their codes; in the file
};

/// One of the colours.
struct JpegComponent {
  std::array<std::uint16_t, 64> quantization{};  ///< in zigzag order
  int dc_table = 0, ac_table = 0;                ///< which of the frame's tables, 0 to 3
};

/// A frame that BaselineDecoder can decode: 8 bits a sample, sequential, Huffman codes, one scan of
/// all components; grey, or YCbCr of which chroma has full or half the width, and full or half the
/// height.
struct JpegFrame {
  Size size;                 ///< of the image, in pixels
  int components = 0;        ///< 1: grey; 3: Y, Cb, Cr
  int h = 1, v = 1;          ///< luma samples to a chroma sample: 1 or 2, across and down
  int restart_interval = 0;  ///< MCUs between restart markers; 0: none
  std::array<JpegComponent, 3> component;          ///< those that there are, in the file's order
  std::array<HuffmanCodes, 4> dc_codes, ac_codes;  ///< the file's Huffman tables, by number
  std::size_t scan = 0;  ///< where in the file the entropy-coded data begin

  int mcu_width() const { return 8 * h; }   ///< in pixels
  int mcu_height() const { return 8 * v; }  ///< in pixels
  /// Of a row, the last one cut by the image's edge.
  int mcus_across() const { return (size.width + mcu_width() - 1) / mcu_width(); }
  /// Rows of MCUs, the last one cut likewise.
  int mcu_rows() const { return (size.height + mcu_height() - 1) / mcu_height(); }
  /// Size of the chroma planes in samples.
  Size chroma() const { return {(size.width + h - 1) / h, (size.height + v - 1) / v}; }
};

/// Reads a file's headers up to its scan. Nothing where the file is not of that kind, or where
/// anything in it is unusual or broken: libjpeg-turbo then says what, or can decode it after all.
/// Views into `file`.
std::optional<JpegFrame> read_baseline_frame(std::span<const std::byte> file);

}  // namespace imgcls::data
