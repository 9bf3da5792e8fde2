#pragma once
// An image in memory, rows from top to bottom: RGB with 8 bits a channel, or grey with 16.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::data {

/// Width and height in pixels.
struct Size {
  int width = 0;   ///< across, in pixels
  int height = 0;  ///< down, in pixels
  friend bool operator==(const Size&, const Size&) = default;
};

/// A rectangle of pixels: left and top corner, width and height.
struct Rect {
  int x = 0;       ///< of the left edge, in pixels from the image's
  int y = 0;       ///< of the top edge, in pixels from the image's
  int width = 0;   ///< across, in pixels
  int height = 0;  ///< down, in pixels
  friend bool operator==(const Rect&, const Rect&) = default;
};

/// An image that owns its pixels: uint8, height x width x 3, without padding.
struct Image {
  Size size;  ///< width and height
  /// Row by row from the top, three bytes a pixel: red, green, blue.
  std::vector<std::uint8_t> pixels;
  /// 8: RGB. 16: grey, each pixel its upper byte, its lower byte and a byte that means nothing
  /// (image/grey16.h), so that cropping and mirroring are the same for both.
  int bits = 8;

  /// Row `y` from the top: width x 3 bytes.
  const std::uint8_t* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * size.width * 3;
  }
  /// The same, to be written.
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * size.width * 3; }
};

}  // namespace imgcls::data
