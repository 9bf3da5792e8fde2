#include "size_histograms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

namespace imgcls::cli {
namespace {

using data::Size;

/// Where a bin begins; it ends where the next one begins.
constexpr std::array<int, 13> kSides{1, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096};

Histogram of_sides(const std::string& title, std::vector<int> sides) {
  std::sort(sides.begin(), sides.end());
  Histogram histogram{.title = title,
                      .bins = {},
                      .least = fmt::to_string(sides.front()),
                      .median = fmt::to_string(sides[sides.size() / 2]),
                      .most = fmt::to_string(sides.back())};
  for (std::size_t i = 0; i < kSides.size(); ++i) {
    const bool last = i + 1 == kSides.size();
    const auto begin = std::lower_bound(sides.begin(), sides.end(), kSides[i]);
    const auto end = last ? sides.end() : std::lower_bound(begin, sides.end(), kSides[i + 1]);
    histogram.bins.push_back({last ? fmt::format("{} and more", kSides[i])
                                   : fmt::format("{}-{}", kSides[i], kSides[i + 1] - 1),
                              static_cast<std::size_t>(end - begin)});
  }
  return histogram;
}

/// A shape as whole numbers, so that 3:2 is exactly that.
struct Aspect {
  int width, height;
};
constexpr std::array<Aspect, 9> kAspects{
    {{1, 3}, {1, 2}, {2, 3}, {3, 4}, {1, 1}, {4, 3}, {3, 2}, {2, 1}, {3, 1}}};

/// Whether an image is wider than that: negative, 0 or positive.
std::int64_t compared(const Size& size, const Aspect& aspect) {
  return std::int64_t{size.width} * aspect.height - std::int64_t{size.height} * aspect.width;
}

/// Those narrower than 1:3, from 1:3 to 1:2 and so on up to the square; the square; and so on.
Histogram of_aspects(std::vector<Size> sizes) {
  const auto ratio = [](const Size& size) { return static_cast<double>(size.width) / size.height; };
  std::sort(sizes.begin(), sizes.end(),
            [&](const Size& a, const Size& b) { return ratio(a) < ratio(b); });
  const auto text = [&](const Size& size) { return fmt::format("{:.2f}", ratio(size)); };
  Histogram histogram{.title = "width : height",
                      .bins = {},
                      .least = text(sizes.front()),
                      .median = text(sizes[sizes.size() / 2]),
                      .most = text(sizes.back())};
  constexpr std::size_t kSquare = 4;
  std::vector<Bin>& bins = histogram.bins;
  const auto name = [](const Aspect& a) { return fmt::format("{}:{}", a.width, a.height); };
  bins.push_back({"below " + name(kAspects.front()), 0});
  for (std::size_t i = 0; i + 1 < kAspects.size(); ++i) {
    if (i == kSquare) bins.push_back({name(kAspects[i]), 0});
    bins.push_back({fmt::format("{} - {}", name(kAspects[i]), name(kAspects[i + 1])), 0});
  }
  bins.push_back({"above " + name(kAspects.back()), 0});
  for (const Size& size : sizes) {
    // Up to the square a bin holds its lower end, above it its upper end: they mirror each other.
    std::size_t bin = 0;
    for (std::size_t i = 0; i < kAspects.size(); ++i) {
      const std::int64_t wider = compared(size, kAspects[i]);
      if (i <= kSquare && wider >= 0) ++bin;
      if (i >= kSquare && wider > 0) ++bin;
    }
    ++bins.at(bin).images;
  }
  return histogram;
}

}  // namespace

std::vector<Histogram> size_histograms(const std::vector<Size>& sizes) {
  std::vector<int> widths, heights;
  for (const Size& size : sizes) {
    widths.push_back(size.width);
    heights.push_back(size.height);
  }
  return {of_sides("width", std::move(widths)), of_sides("height", std::move(heights)),
          of_aspects(sizes)};
}

}  // namespace imgcls::cli
