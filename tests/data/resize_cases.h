#pragma once
// Random cases for the streaming resizer, and how to run one.

#include "support.h"

#include <imgcls/core/philox.h>
#include <imgcls/image/resize/row_resizer.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace support {

using imgcls::Random;
using imgcls::data::Image;
using imgcls::data::Interpolation;
using imgcls::data::Interval;
using imgcls::data::Rect;
using imgcls::data::RowResizer;
using imgcls::data::Size;

struct ResizeCase {
  Size in;
  Size size;
  Rect window;
  Interpolation interpolation = Interpolation::bilinear;
  bool flip = false;
};

inline std::string to_text(const ResizeCase& c) {
  return fmt::format("{} x {} to {} x {}, window {}, {}{}", c.in.width, c.in.height, c.size.width,
                     c.size.height, to_text(c.window),
                     c.interpolation == Interpolation::bicubic ? "bicubic" : "bilinear",
                     c.flip ? ", flipped" : "");
}

inline int between(Random& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low) + 1));
}

/// Sizes of all kinds: of a few pixels, and about the multiples of a vector's width.
inline int some_length(Random& random) {
  switch (random.below(4)) {
    case 0:
      return between(random, 1, 6);
    case 1:
      return between(random, 7, 40);
    case 2:
      return between(random, 41, 130);
    default:
      return between(random, 131, 600);
  }
}

inline ResizeCase some_case(Random& random) {
  ResizeCase c;
  c.in = {some_length(random), some_length(random)};
  c.size = {some_length(random), some_length(random)};
  if (random.below(8) == 0) c.size.width = c.in.width;
  if (random.below(8) == 0) c.size.height = c.in.height;
  c.window = {0, 0, c.size.width, c.size.height};
  if (random.below(2) == 0) {
    c.window.x = between(random, 0, c.size.width - 1);
    c.window.y = between(random, 0, c.size.height - 1);
    c.window.width = between(random, 1, c.size.width - c.window.x);
    c.window.height = between(random, 1, c.size.height - c.window.y);
  }
  if (random.below(2) == 0) c.interpolation = Interpolation::bicubic;
  c.flip = random.below(2) == 0;
  return c;
}

/// Each push from memory of its own and just as large, so that a sanitizer sees a read beyond it.
inline void push_rows(RowResizer& resizer, const Image& image, int at_once) {
  const Interval columns = resizer.columns(), rows = resizer.rows();
  const std::size_t row_bytes = static_cast<std::size_t>(columns.size()) * 3;
  for (int y = rows.begin; y < rows.end; y += at_once) {
    const int count = std::min(at_once, rows.end - y);
    const auto copy = std::make_unique<std::uint8_t[]>(row_bytes * static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      std::copy_n(image.row(y + i) + 3 * static_cast<std::ptrdiff_t>(columns.begin), row_bytes,
                  copy.get() + static_cast<std::size_t>(i) * row_bytes);
    }
    CHECK_FALSE(resizer.done());
    resizer.push(copy.get(), count, row_bytes);
  }
  CHECK(resizer.done());
}

inline std::vector<std::uint8_t> resized(RowResizer& resizer, const ResizeCase& c,
                                         const Image& image, int at_once) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(c.window.width) *
                                   static_cast<std::size_t>(c.window.height) * 3);
  resizer.begin(c.in, c.size, c.window, c.interpolation, c.flip, output);
  push_rows(resizer, image, at_once);
  return output;
}

}  // namespace support
