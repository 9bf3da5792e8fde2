// Encoding: files that libpng and libjpeg-turbo read, with the pixels that went in.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/thumbnail.h>

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace imgcls;
using namespace imgcls::data;

namespace {

Image read(const std::vector<std::byte>& file) {
  Image image;
  decode(file, "encoded", image);
  return image;
}

double mean_difference(const Image& pixels, const Image& image) {
  REQUIRE(pixels.size == image.size);
  double sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    sum += std::abs(int{pixels.pixels[i]} - int{image.pixels[i]});
  }
  return sum / static_cast<double>(image.pixels.size());
}

Image smooth(int width, int height) {
  Image image{{width, height}, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {200 * x / width, 200 * y / height, 90}) {
        image.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return image;
}

}  // namespace

TEST_CASE("a PNG holds the pixels that went in") {
  for (const Size size : {Size{1, 1}, Size{7, 3}, Size{301, 200}}) {
    const Image image = support::make_image(size.width, size.height);
    CHECK(mean_difference(read(encode_png(image)), image) == 0);
  }
}

TEST_CASE("a JPEG shows what went in, better with a higher quality") {
  const Image image = smooth(61, 45);
  const auto fine = encode_jpeg(image), coarse = encode_jpeg(image, 10);
  CHECK(fine.size() > coarse.size());
  CHECK(mean_difference(read(fine), image) < 2);
  CHECK(mean_difference(read(fine), image) < mean_difference(read(coarse), image));
}

TEST_CASE("an image too large for JPEG is refused by its size") {
  const Image image{{70000, 1}, std::vector<std::uint8_t>(210000)};
  CHECK_THROWS_WITH(encode_jpeg(image), Catch::Contains("JPEG of 70000 x 1"));
}

TEST_CASE("a thumbnail is made smaller and never larger") {
  const Image small = read(thumbnail_jpeg(smooth(300, 100), 60));
  CHECK(mean_difference(small, smooth(60, 20)) < 4);
  CHECK(read(thumbnail_jpeg(smooth(30, 10), 60)).size == Size{30, 10});
  CHECK(read(thumbnail_jpeg(smooth(1000, 1), 60)).size.height == 1);
}
