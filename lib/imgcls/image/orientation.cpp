#include <imgcls/image/orientation.h>

#include <algorithm>
#include <utility>

namespace imgcls::data {

void orient(Image& image, int orientation) {
  if (orientation < 2 || orientation > 8) return;
  const bool swaps = orientation >= 5;
  // Where a pixel of the result comes from: its coordinates, exchanged first, then counted from the
  // other end.
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image turned;
  turned.size = swaps ? Size{image.size.height, image.size.width} : image.size;
  turned.pixels.resize(image.pixels.size());
  for (int y = 0; y < turned.size.height; ++y) {
    std::uint8_t* out = turned.row(y);
    for (int x = 0; x < turned.size.width; ++x) {
      int from_x = swaps ? y : x, from_y = swaps ? x : y;
      if (from_right) from_x = image.size.width - 1 - from_x;
      if (from_bottom) from_y = image.size.height - 1 - from_y;
      out = std::copy_n(image.row(from_y) + std::ptrdiff_t{from_x} * 3, 3, out);
    }
  }
  image = std::move(turned);
}

}  // namespace imgcls::data
