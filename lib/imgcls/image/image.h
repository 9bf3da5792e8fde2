#pragma once
// An image in memory: RGB, 8 bits a channel, rows from top to bottom.

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

/// An RGB image that owns its pixels: uint8, height x width x 3, without padding.
struct Image {
  Size size;
  std::vector<std::uint8_t> pixels;

  const std::uint8_t* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * size.width * 3;
  }
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * size.width * 3; }
};

}  // namespace imgcls::data
