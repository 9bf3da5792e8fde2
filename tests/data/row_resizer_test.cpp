// The streaming resizer: the same bits from every instruction set, and nothing outside of its
// buffers.
#include "resize_cases.h"
#include "support.h"

#include <imgcls/core/philox.h>
#include <imgcls/image/resize/row_resizer.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <iterator>
#include <memory>

using namespace imgcls;
using namespace imgcls::data;
using support::ResizeCase;
using support::resized;
using support::some_case;

namespace {

std::vector<InstructionSet> vector_sets() {
  std::vector<InstructionSet> sets;
  for (const auto set : {InstructionSet::avx2, InstructionSet::avx512}) {
    if (is_available(set)) sets.push_back(set);
  }
  return sets;
}

std::vector<std::uint8_t> mirrored(std::vector<std::uint8_t> pixels, int width) {
  using Pixel = std::array<std::uint8_t, 3>;
  auto* begin = reinterpret_cast<Pixel*>(pixels.data());
  for (std::size_t i = 0; i < pixels.size() / 3; i += static_cast<std::size_t>(width)) {
    std::reverse(begin + i, begin + i + width);
  }
  return pixels;
}

}  // namespace

TEST_CASE("Every instruction set gives the same bits") {
  const auto sets = vector_sets();
  if (sets.empty()) WARN("this processor has no instruction set to compare with the portable code");
  Random random(7, 0, 0, RandomStream::augment);
  RowResizer portable(InstructionSet::portable);
  std::vector<RowResizer> resizers(sets.begin(), sets.end());
  for (int i = 0; i < 1000; ++i) {
    const ResizeCase c = some_case(random);
    INFO("case " << i << ": " << support::to_text(c));
    const Image image = support::make_image(c.in.width, c.in.height);
    const auto expected = resized(portable, c, image, 1);
    for (auto& resizer : resizers) {
      REQUIRE(resized(resizer, c, image, support::between(random, 1, 17)) == expected);
    }
  }
}

TEST_CASE("The portable code gives Pillow's bits too, row by row") {
  RowResizer resizer(InstructionSet::portable);
  int down_first = 0;
  for (const auto& test : support::reference("resize")) {
    INFO(test.dump());
    const Rect region = support::to_rect(test["region"]);
    const Image whole = support::make_image(test["image"][0], test["image"][1]);
    Image part{{region.width, region.height}, {}};
    for (int y = 0; y < region.height; ++y) {
      const std::uint8_t* row = whole.row(region.y + y) + 3 * static_cast<std::ptrdiff_t>(region.x);
      part.pixels.insert(part.pixels.end(), row,
                         row + 3 * static_cast<std::ptrdiff_t>(region.width));
    }
    ResizeCase c{part.size, {test["size"][0], test["size"][1]}, support::to_rect(test["window"])};
    if (test["interpolation"] == "bicubic") c.interpolation = Interpolation::bicubic;
    CHECK(support::digest(resized(resizer, c, part, 1)) == test["part"]);
    c.window = {0, 0, c.size.width, c.size.height};
    CHECK(support::digest(resized(resizer, c, part, 3)) == test["all"]);
    down_first += test["down_first"].get<bool>() ? 1 : 0;
  }
  CHECK(down_first > 10);  // the other order of passes has its share
}

TEST_CASE("A flip mirrors the columns") {
  Random random(8, 0, 0, RandomStream::augment);
  RowResizer resizer;
  for (int i = 0; i < 100; ++i) {
    ResizeCase c = some_case(random);
    INFO("case " << i << ": " << support::to_text(c));
    const Image image = support::make_image(c.in.width, c.in.height);
    c.flip = false;
    const auto straight = resized(resizer, c, image, 8);
    c.flip = true;
    REQUIRE(resized(resizer, c, image, 8) == mirrored(straight, c.window.width));
  }
}

TEST_CASE("Extreme pixels and shapes stay within 0 to 255") {
  // Bicubic overshoots at the edges of black and white stripes.
  for (const Size in : {Size{1, 5000}, Size{5000, 1}, Size{301, 299}}) {
    Image image{in, std::vector<std::uint8_t>(static_cast<std::size_t>(in.width) *
                                              static_cast<std::size_t>(in.height) * 3)};
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      image.pixels[i] = i / 24 % 2 == 0 ? 0 : 255;
    }
    for (const Size size : {Size{1, 1}, Size{176, 176}, Size{700, 9}}) {
      const ResizeCase c{in, size, {0, 0, size.width, size.height}, Interpolation::bicubic};
      INFO(support::to_text(c));
      RowResizer portable(InstructionSet::portable);
      const auto expected = resized(portable, c, image, 1);
      for (const auto set : vector_sets()) {
        RowResizer resizer(set);
        CHECK(resized(resizer, c, image, 16) == expected);
      }
    }
  }
}

TEST_CASE("A window needs only a part of the input") {
  std::vector<std::uint8_t> output(10 * 10 * 3);
  RowResizer resizer;
  resizer.begin({400, 300}, {200, 150}, {50, 60, 10, 10}, Interpolation::bilinear, false, output);
  // Half the size: each output takes two pixels on either side of its centre.
  CHECK(resizer.columns() == Interval{99, 121});
  CHECK(resizer.rows() == Interval{119, 141});
}
