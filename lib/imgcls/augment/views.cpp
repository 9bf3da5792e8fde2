#include <imgcls/augment/views.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace imgcls::data {
namespace {

using Pixel = std::array<std::uint8_t, 3>;

void cut(const View& view, Size size, std::span<const std::uint8_t> image,
         std::span<std::uint8_t> output) {
  const auto* const pixels = reinterpret_cast<const Pixel*>(image.data());
  auto* out = reinterpret_cast<Pixel*>(output.data());
  for (int y = view.window.y; y < view.window.y + view.window.height; ++y) {
    const Pixel* const row = pixels + std::ptrdiff_t{y} * size.width + view.window.x;
    out = view.flip ? std::reverse_copy(row, row + view.window.width, out)
                    : std::copy_n(row, view.window.width, out);
  }
}

}  // namespace

std::vector<View> corner_views(Size size, int side, int count) {
  if (size.width < side || size.height < side) {
    throw DataError(
        fmt::format("an image of {} x {} pixels is smaller than the {} crops of {} x {} that are "
                    "to be cut from it; eval.resize must be at least {}",
                    size.width, size.height, count, side, side, side));
  }
  const int right = size.width - side, bottom = size.height - side;
  // Python's round(), as for one crop.
  const auto half = [](int room) { return static_cast<int>(std::nearbyint(room / 2.0)); };
  std::vector<View> views;
  for (const bool flip : {false, true}) {
    if (flip && count < 10) break;
    // Places in the mirror image, seen in the image itself.
    const auto add = [&](int x, int y) {
      views.push_back({.window = {flip ? right - x : x, y, side, side}, .flip = flip});
    };
    add(0, 0);
    add(right, 0);
    add(0, bottom);
    add(right, bottom);
    add(half(right), half(bottom));
  }
  return views;
}

void cut_views(std::span<const View> views, Size size, std::span<const std::uint8_t> image,
               std::span<std::uint8_t> output, std::vector<std::uint8_t>& spare) {
  for (const View& view : views) {
    const Size own{view.window.width, view.window.height};
    const std::span<std::uint8_t> pixels =
        output.first(std::size_t{3} * static_cast<std::size_t>(own.width) * own.height);
    cut(view, size, image, pixels);
    apply_steps(view.steps, PixelCanvas(own, pixels, spare));
    output = output.subspan(pixels.size());
  }
}

}  // namespace imgcls::data
