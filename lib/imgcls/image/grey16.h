#pragma once
// Grey pixels of 16 bits, in the three bytes that a pixel of an Image has: the upper byte, the
// lower byte, and one that means nothing.

#include <imgcls/image/image.h>

#include <cstdint>

namespace imgcls::data {

/// The value of a pixel, 0 to 65535.
inline std::uint16_t grey16(const std::uint8_t* pixel) {
  return static_cast<std::uint16_t>(pixel[0] << 8 | pixel[1]);
}

/// Gives a pixel its value.
inline void set_grey16(std::uint8_t* pixel, std::uint16_t value) {
  pixel[0] = static_cast<std::uint8_t>(value >> 8);
  pixel[1] = static_cast<std::uint8_t>(value & 0xff);
  pixel[2] = 0;
}

/// The luma of a colour with any number of bits up to 16: ITU-R 601-2 with the whole numbers and
/// the rounding of Pillow's convert("L").
inline std::uint32_t luma(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/// Gives an image `bits`, where it has others: RGB becomes grey of 16 bits, its luma times 257, so
/// that white stays white; grey of 16 bits becomes RGB, of each pixel the upper byte.
void to_bits(Image& image, int bits);
/// The same of a copy.
Image with_bits(Image image, int bits);

}  // namespace imgcls::data
