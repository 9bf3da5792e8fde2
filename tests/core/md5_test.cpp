// MD5, against RFC 1321's test suite.
#include <imgcls/core/md5.h>

#include <catch2/catch.hpp>
#include <string_view>

using imgcls::Md5;

TEST_CASE("MD5 of RFC 1321's test suite") {
  const auto md5 = [](std::string_view text) {
    return Md5().update(std::as_bytes(std::span(text))).hex();
  };
  CHECK(md5("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(md5("abcdefghijklmnopqrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
  Md5 pieces;
  for (const std::string_view piece : {"mess", "", "age ", "digest"}) {
    pieces.update(std::as_bytes(std::span(piece)));
  }
  CHECK(pieces.hex() == "f96b697d7cb7938d525a2f31aaf161d0");
}
