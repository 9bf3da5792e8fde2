// Names of any bytes as lines of text: plain ones stand for themselves, and all come back.
#include <imgcls/core/philox.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/utf8.h>

#include <catch2/catch.hpp>

#include <algorithm>

using imgcls::quote_name;
using imgcls::unquote_name;

TEST_CASE("plain names stand for themselves") {
  for (const std::string name :
       {"cat", "golden retriever", "  leading", "trailing ", "a,b", "say \"so\"", "it's", "a\\b",
        "Käse", "猫", "😀", "$HOME", "", "'", "$"}) {
    CHECK(quote_name(name) == name);
    CHECK(unquote_name(name) == name);
  }
}

TEST_CASE("names that are no plain text stand as ls writes them") {
  CHECK(quote_name("two\nlines") == "$'two\\nlines'");
  CHECK(quote_name("\ta\r") == "$'\\ta\\r'");
  CHECK(quote_name("it's\n") == "$'it\\'s\\n'");
  CHECK(quote_name("a\\\x01z") == "$'a\\\\\\x01z'");
  CHECK(quote_name("caf\xE9") == "$'caf\\xe9'");
  CHECK(quote_name("Käse\n") == "$'Käse\\n'");
  CHECK(quote_name("\xC2\x9B") == "$'\\xc2\\x9b'");               // a terminal's control character
  CHECK(quote_name("a\xE2\x80\xA8z") == "$'a\\xe2\\x80\\xa8z'");  // a line separator
  CHECK(quote_name("\xEF\xBB\xBFx") == "$'\\xef\\xbb\\xbfx'");
  CHECK(quote_name("$'x'") == "$'$\\'x\\''");
}

TEST_CASE("what is no such form is the name itself") {
  for (const std::string text :
       {"$'", "$'x", "$'x'y", "$'a'b'", "$'\\q'", "$'\\x4'", "$'\\xgg'", "$'\\'", "x$'y'", "\\n"}) {
    CHECK(unquote_name(text) == text);
    CHECK(unquote_name(quote_name(text)) == text);
  }
  CHECK(unquote_name("$''").empty());
}

TEST_CASE("names of any bytes come back from one line of UTF-8") {
  imgcls::Random random(1, 0, 0, imgcls::RandomStream::augment);
  const std::string_view parts[] = {"a",
                                    "\n",
                                    "\r",
                                    "\t",
                                    "'",
                                    "\\",
                                    "$'",
                                    "\xC3\xA4",
                                    "\xF0\x9F\x98\x80",
                                    "\xED\xA0\x80",
                                    "\xC0\xAF",
                                    "\x7F",
                                    "\xFF",
                                    "x41",
                                    "\xE2\x80\xA9"};
  for (int i = 0; i < 20'000; ++i) {
    std::string name;
    for (std::size_t k = random.below(8); k > 0; --k) {
      name += random.below(2) == 0 ? std::string(parts[random.below(std::size(parts))])
                                   : std::string(1, static_cast<char>(1 + random.below(255)));
    }
    const std::string line = quote_name(name);
    REQUIRE(unquote_name(line) == name);
    REQUIRE(imgcls::to_utf8(line) == line);
    REQUIRE(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < ' '; }));
  }
}
