#include <imgcls/augment/box_blur.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace imgcls::data {
namespace {

constexpr int kPasses = 3;

/// A box whose outermost pixels count in part: weights of 24 fractional bits.
struct Box {
  int radius = 0;           // pixels to either side that count whole
  std::uint32_t whole = 0;  // their weight, and the middle's
  std::uint32_t outer = 0;  // that of the next one to either side
};

// Pillow's C mixes single and double precision, and so does this.
float box_radius(float sigma) {
  const float variance = sigma * sigma / kPasses;
  const auto length = static_cast<float>(std::sqrt(12.0 * static_cast<double>(variance) + 1.0));
  const auto whole = static_cast<float>(std::floor((static_cast<double>(length) - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

Box box_of(float radius) {
  Box box{.radius = static_cast<int>(radius)};
  constexpr std::uint32_t kOne = 1U << 24;
  box.whole = static_cast<std::uint32_t>(static_cast<float>(kOne) / (radius * 2 + 1));
  box.outer = (kOne - (static_cast<std::uint32_t>(box.radius) * 2 + 1) * box.whole) / 2;
  return box;
}

inline std::uint8_t boxed(const Box& box, std::uint32_t sum, std::uint32_t ends) {
  return static_cast<std::uint8_t>((sum * box.whole + ends * box.outer + (1U << 23)) >> 24);
}

/// Blurs `length` places of `lanes` values each, which lie `lanes` apart: a row's pixels of three,
/// or a column of rows. `sums` has room for a place.
void blur_along(const Box& box, const std::uint8_t* in, int length, std::size_t lanes,
                std::vector<std::uint32_t>& sums, std::uint8_t* out) {
  const auto place = [&](int at) {
    return in + static_cast<std::size_t>(std::clamp(at, 0, length - 1)) * lanes;
  };
  sums.assign(lanes, 0);
  std::uint32_t* __restrict sum = sums.data();
  for (int at = -box.radius - 1; at < box.radius; ++at) {  // the box of the place before the first
    const std::uint8_t* values = place(at);
    for (std::size_t i = 0; i < lanes; ++i) sum[i] += values[i];
  }
  for (int at = 0; at < length; ++at, out += lanes) {
    const std::uint8_t* left = place(at - box.radius - 1);
    const std::uint8_t* added = place(at + box.radius);
    const std::uint8_t* right = place(at + box.radius + 1);
    std::uint8_t* __restrict made = out;
    for (std::size_t i = 0; i < lanes; ++i) {
      sum[i] += std::uint32_t{added[i]} - left[i];
      made[i] = boxed(box, sum[i], std::uint32_t{left[i]} + right[i]);
    }
  }
}

}  // namespace

void gaussian_blur_pillow(PixelCanvas& canvas, double radius) {
  const Box box = box_of(box_radius(static_cast<float>(radius)));
  if (radius == 0) return;
  const auto [width, height] = canvas.size();
  const std::size_t stride = canvas.stride();
  std::vector<std::uint32_t> sums;
  std::uint8_t* pixels = canvas.pixels().data();
  std::uint8_t* other = canvas.spare().data();
  for (int y = 0; y < height; ++y, pixels += stride, other += stride) {
    blur_along(box, pixels, width, 3, sums, other);
    blur_along(box, other, width, 3, sums, pixels);
    blur_along(box, pixels, width, 3, sums, other);
  }
  pixels = canvas.pixels().data();
  other = canvas.spare().data();
  blur_along(box, other, height, stride, sums, pixels);
  blur_along(box, pixels, height, stride, sums, other);
  blur_along(box, other, height, stride, sums, pixels);
}

}  // namespace imgcls::data
