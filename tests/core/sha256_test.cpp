// SHA-256 against the examples of FIPS 180-2.

#include <imgcls/core/sha256.h>

#include <catch2/catch.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace {

std::string digest(std::string_view text) {
  return imgcls::sha256(std::as_bytes(std::span(text)));
}

}  // namespace

TEST_CASE("SHA-256 known answers") {
  CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(digest(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of pieces is that of the whole") {
  const std::string text(200, 'q');
  for (const std::size_t cut : {0, 1, 63, 64, 65, 200}) {
    imgcls::Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut)).update(std::string_view(text).substr(cut));
    CHECK(hash.hex() == digest(text));
  }
}
