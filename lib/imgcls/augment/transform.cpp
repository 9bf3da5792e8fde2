#include <imgcls/augment/transform.h>

#include <opencv2/core.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace imgcls::data {
namespace {

Rect intersection(Rect a, Rect b) {
  const int x = std::max(a.x, b.x), y = std::max(a.y, b.y);
  return {x, y, std::max(0, std::min(a.x + a.width, b.x + b.width) - x),
          std::max(0, std::min(a.y + a.height, b.y + b.height) - y)};
}

// For each pixel of a window's side: which pixel of `inner` it shows, or -1 for black.
std::vector<int> border_map(int begin, int length, int side, int inner, PadMode mode) {
  std::vector<int> map(static_cast<std::size_t>(length), -1);
  for (int i = 0; i < length; ++i) {
    int at = begin + i;
    if (mode == PadMode::reflect) at = cv::borderInterpolate(at, side, cv::BORDER_REFLECT_101);
    if (at >= 0 && at < side) map[static_cast<std::size_t>(i)] = at - inner;
  }
  return map;
}

// A window that reaches outside of what the region is resized to.
void apply_bordered(const Plan& plan, const Image& image, std::span<std::uint8_t> output) {
  const Rect all{0, 0, plan.resized.width, plan.resized.height};
  const Rect inner = plan.pad_mode == PadMode::zero ? intersection(plan.window, all) : all;
  std::fill(output.begin(), output.end(), std::uint8_t{0});
  if (inner.width == 0 || inner.height == 0) return;

  Image part;
  part.size = {inner.width, inner.height};
  part.pixels.resize(static_cast<std::size_t>(inner.width) * inner.height * 3);
  resize(image, plan.region, plan.resized, inner, plan.interpolation, part.pixels);

  const Rect& window = plan.window;
  const auto rows = border_map(window.y, window.height, all.height, inner.y, plan.pad_mode);
  const auto columns = border_map(window.x, window.width, all.width, inner.x, plan.pad_mode);
  std::uint8_t* out = output.data();
  for (const int row : rows) {
    for (const int column : columns) {
      if (row >= 0 && column >= 0) std::memcpy(out, part.row(row) + 3 * column, 3);
      out += 3;
    }
  }
}

void mirror(Size size, std::span<std::uint8_t> pixels) {
  using Pixel = std::array<std::uint8_t, 3>;
  auto* row = reinterpret_cast<Pixel*>(pixels.data());
  for (int y = 0; y < size.height; ++y, row += size.width) std::reverse(row, row + size.width);
}

}  // namespace

void apply(const Plan& plan, const Image& image, std::span<std::uint8_t> output) {
  const Rect& window = plan.window;
  std::vector<std::uint8_t> spare;
  if (!plan.views.empty()) {
    Plan without = plan;
    without.views.clear();
    const Size size{window.width, window.height};
    std::vector<std::uint8_t> whole(static_cast<std::size_t>(size.width) * size.height * 3);
    apply(without, image, whole);
    cut_views(plan.views, size, whole, output, spare);
    return;
  }
  if (plan.has_border()) {
    apply_bordered(plan, image, output);
  } else {
    resize(image, plan.region, plan.resized, window, plan.interpolation, output);
  }
  const Size size{window.width, window.height};
  if (plan.flip) mirror(size, output);
  if (plan.steps.empty()) return;
  apply_steps(plan.steps, PixelCanvas(size, output, spare));
}

}  // namespace imgcls::data
