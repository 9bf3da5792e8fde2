// A build with IMGCLS_IMGCODECS=OFF, whose decode_other is linked here in the library's place.
#include "image_files.h"

#include <imgcls/core/error.h>
#include <imgcls/data/decode.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Contains;

TEST_CASE("without imgcodecs, JPEG is read and others are refused with the reason") {
  const auto jpeg = support::jpeg_file(20, 10);
  data::Image image;
  data::decode(std::as_bytes(std::span(jpeg)), "a.jpg", image);
  CHECK(image.size == data::Size{20, 10});

  std::vector<std::uint8_t> png;
  cv::imencode(".png", cv::Mat(3, 4, CV_8UC3, cv::Scalar(1, 2, 3)), png);
  CHECK_THROWS_AS(data::decode(std::as_bytes(std::span(png)), "b.png", image), DataError);
  CHECK_THROWS_WITH(
      data::decode(std::as_bytes(std::span(png)), "b.png", image),
      Contains("b.png") && Contains("reads JPEG only") && Contains("IMGCLS_IMGCODECS=OFF"));
}
