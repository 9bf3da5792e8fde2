// Text that may be any bytes, as UTF-8.
#include <imgcls/core/utf8.h>

#include <catch2/catch.hpp>

using imgcls::to_utf8;

TEST_CASE("UTF-8 stays as it is, and other bytes become replacement characters") {
  CHECK(to_utf8("") == "");
  CHECK(to_utf8("ça va \"so\"\\\n\t\x01 \xF0\x9F\x8E\x89") ==
        "ça va \"so\"\\\n\t\x01 \xF0\x9F\x8E\x89");
  CHECK(to_utf8("a\xFFz") == "a\xEF\xBF\xBDz");
  CHECK(to_utf8("cut \xE2\x82") == "cut \xEF\xBF\xBD");
  CHECK(to_utf8(std::string_view("\0b", 2)) == std::string("\0b", 2));
}
