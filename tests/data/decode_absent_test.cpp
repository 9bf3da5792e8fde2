// A build with IMGCLS_TIFF_WEBP=OFF, whose decoders are linked here in the library's place.
#include "image_files.h"

#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/encode.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Contains;

TEST_CASE("without libtiff and libwebp, the rest is read and these are refused with the reason") {
  data::Image image;
  data::decode(data::encode_png(support::make_image(20, 10)), "a.png", image);
  CHECK(image.size == data::Size{20, 10});

  const std::string tiff = "II*", webp("RIFF\0\0\0\0WEBPVP8 ", 16);
  const auto bytes = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  CHECK_THROWS_AS(data::decode(bytes(webp), "b.webp", image), DataError);
  CHECK_THROWS_WITH(
      data::decode(bytes(webp), "b.webp", image),
      Contains("b.webp") && Contains("reads no WebP") && Contains("IMGCLS_TIFF_WEBP=OFF"));
  CHECK_THROWS_WITH(data::decode(bytes(tiff + '\0'), "c.tif", image),
                    Contains("c.tif") && Contains("reads no TIFF"));
}
