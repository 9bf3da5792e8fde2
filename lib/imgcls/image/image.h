#pragma once
// An image in memory, rows from top to bottom: RGB with 8 bits a channel, or grey with 16.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::data {

/// Width and height in pixels.
struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

/// A rectangle of pixels: left and top corner, width and height.
struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  friend bool operator==(const Rect&, const Rect&) = default;
};

/// An image that owns its pixels: uint8, height x width x 3, without padding.
struct Image {
  Size size;
  std::vector<std::uint8_t> pixels;
  /// 8: RGB. 16: grey, each pixel its upper byte, its lower byte and a byte that means nothing
  /// (image/grey16.h), so that cropping and mirroring are the same for both.
  int bits = 8;

  const std::uint8_t* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * size.width * 3;
  }
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * size.width * 3; }
};

}  // namespace imgcls::data
