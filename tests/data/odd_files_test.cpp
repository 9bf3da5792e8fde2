// Odd image files: each gives Pillow's pixels bit for bit, or is refused for the reason expected.
#include "odd_files.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;

TEST_CASE("Odd files give Pillow's pixels or are refused by name") {
  std::size_t read = 0, refused = 0;
  for (const support::OddFile& file : support::odd_files()) {
    INFO(file.name);
    Image image;
    if (!file.refused.empty()) {
      CHECK_THROWS_AS(decode(file.bytes, file.name, image), DataError);
      CHECK_THROWS_WITH(decode(file.bytes, file.name, image),
                        Contains(file.name) && Contains(file.refused));
      ++refused;
      continue;
    }
    CHECK_NOTHROW(decode(file.bytes, file.name, image));
    CHECK(image.size == file.size);
    CHECK(sha256(std::as_bytes(std::span(image.pixels))) == file.pixels);
    ++read;
  }
  CHECK(read > 50);
  CHECK(refused > 10);
}
