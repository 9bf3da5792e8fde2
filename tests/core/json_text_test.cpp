#include <imgcls/core/json_text.h>

#include <catch2/catch.hpp>
#include <string>

using Catch::Matchers::Contains;
using imgcls::DataError;
using imgcls::kMaxJsonDepth;
using imgcls::parse_json;

namespace {

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

}  // namespace

TEST_CASE("JSON from outside is read to a depth, and no deeper") {
  CHECK(parse_json(R"({"a": [1, {"b": null}]})").at("a").at(0) == 1);
  CHECK(parse_json<nlohmann::ordered_json>(R"({"b": 1, "a": 2})").begin().key() == "b");
  CHECK(parse_json(nested(kMaxJsonDepth)).is_array());
  CHECK_THROWS_WITH(parse_json(nested(kMaxJsonDepth + 1)), Contains("nested deeper than 64"));
  for (const int levels : {1000, 1'000'000}) {
    CHECK_THROWS_AS(parse_json(nested(levels)), DataError);
    CHECK_THROWS_AS(parse_json("{\"a\":" + nested(levels) + "}"), DataError);
  }
}

TEST_CASE("broken JSON is told as such") {
  for (const char* text : {"", "{", "nothing", "[1,]", "{\"a\": 1} 2"}) {
    CHECK_THROWS_WITH(parse_json(text), Contains("broken JSON: "));
  }
}
