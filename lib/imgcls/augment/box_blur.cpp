#include <imgcls/augment/box_blur.h>
#include <imgcls/augment/pixel_kernels.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace imgcls::data {
namespace {

constexpr int kPasses = 3;

// Pillow's C mixes single and double precision, and so does this.
float box_radius(float sigma) {
  const float variance = sigma * sigma / kPasses;
  const auto length = static_cast<float>(std::sqrt(12.0 * static_cast<double>(variance) + 1.0));
  const auto whole = static_cast<float>(std::floor((static_cast<double>(length) - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

BoxWeights box_of(float radius) {
  BoxWeights box{.radius = static_cast<int>(radius), .whole = 0, .outer = 0};
  constexpr std::uint32_t kOne = 1U << 24;
  box.whole = static_cast<std::uint32_t>(static_cast<float>(kOne) / (radius * 2 + 1));
  box.outer = (kOne - (static_cast<std::uint32_t>(box.radius) * 2 + 1) * box.whole) / 2;
  return box;
}

/// Three box blurs, one after the other.
class ThreeBoxes {
 public:
  /// `most` is the greatest number of lanes.
  ThreeBoxes(const BoxWeights& box, std::size_t most) : box_(box), sums_(most) {}

  /// From `in`, through `out` and `in`, to `out`: `length` places of `lanes` values.
  void operator()(std::uint8_t* in, int length, std::size_t lanes, std::uint8_t* out) {
    static_assert(kPasses == 3);
    blur_(box_, in, length, lanes, sums_.data(), out);
    blur_(box_, out, length, lanes, sums_.data(), in);
    blur_(box_, in, length, lanes, sums_.data(), out);
  }

 private:
  decltype(PixelKernels::box_blur) blur_ = pixel_kernels(best_instruction_set()).box_blur;
  BoxWeights box_;
  std::vector<std::uint32_t> sums_;
};

/// So many rows are blurred along at once, turned so that their pixels of one column are
/// neighbours: a loop over neighbours is one over vectors.
constexpr int kStrip = 32;

using Pixel = std::array<std::uint8_t, 3>;

/// `out[x][y]` becomes `in[y][x]`, of `rows` rows of `columns` pixels.
void turn(const Pixel* in, std::size_t rows, std::size_t columns, Pixel* out) {
  for (std::size_t y = 0; y < rows; ++y) {
    for (std::size_t x = 0; x < columns; ++x) out[x * rows + y] = in[y * columns + x];
  }
}

void blur_across(ThreeBoxes& boxes, const std::uint8_t* in, Size size, std::uint8_t* out) {
  const auto width = static_cast<std::size_t>(size.width);
  std::vector<Pixel> strip(width * kStrip), blurred(strip.size());
  for (int y = 0; y < size.height; y += kStrip) {
    const auto rows = static_cast<std::size_t>(std::min(kStrip, size.height - y));
    const std::size_t begin = static_cast<std::size_t>(y) * width * 3;
    turn(reinterpret_cast<const Pixel*>(in + begin), rows, width, strip.data());
    boxes(strip.data()->data(), size.width, 3 * rows, blurred.data()->data());
    turn(blurred.data(), width, rows, reinterpret_cast<Pixel*>(out + begin));
  }
}

}  // namespace

void gaussian_blur_pillow(PixelCanvas& canvas, double radius) {
  const BoxWeights box = box_of(box_radius(static_cast<float>(radius)));
  if (radius == 0) return;
  std::uint8_t* pixels = canvas.pixels().data();
  std::uint8_t* spare = canvas.spare().data();
  ThreeBoxes boxes(box, std::max<std::size_t>(canvas.stride(), 3 * kStrip));
  blur_across(boxes, pixels, canvas.size(), spare);
  boxes(spare, canvas.size().height, canvas.stride(), pixels);
}

}  // namespace imgcls::data
