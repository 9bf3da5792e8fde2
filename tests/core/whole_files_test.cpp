// Files read at any place, files that have their name only when whole, and their digests.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/new_file.h>
#include <imgcls/core/xxh3.h>

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Contains;
using test::TempFolder;

namespace {

std::string text_at(const InputFile& file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '?');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace

TEST_CASE("XXH3 gives the published values") {
  CHECK(xxh3({}) == 0x2D06800538D394C2);
  CHECK(hex(Xxh3().digest()) == "7f498d4624c30160d8984701d306aa99");  // both halves little-endian
  Digest128 digest{};
  CHECK(from_hex("7f498d4624c30160d8984701d306aa99", digest));
  CHECK(digest == Xxh3().digest());
  CHECK_FALSE(from_hex("7f49", digest));
  CHECK_FALSE(from_hex("7f498d4624c30160d8984701d306aa9x", digest));
}

TEST_CASE("A file is read at any place, and what cannot be read is named") {
  const TempFolder folder;
  folder.write("x", "0123456789");
  const InputFile file(folder / "x");
  CHECK(file.bytes() == 10);
  CHECK(text_at(file, 3, 4) == "3456");
  CHECK(text_at(file, 10, 0).empty());
  CHECK_THROWS_WITH(text_at(file, 8, 4), Contains((folder / "x").string()) && Contains("at 8") &&
                                             Contains("ends after 10"));
  CHECK(digest_of(file) == Xxh3().update("0123456789").digest());
  CHECK_THROWS_AS(InputFile(folder / "gone"), IoError);
  CHECK_THROWS_WITH(InputFile(folder.path()), Contains("not a regular file"));
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(InputFile(folder / "fifo"), Contains("not a regular file"));
}

TEST_CASE("A new file has its name when it is committed, and is gone otherwise") {
  const TempFolder folder;
  folder.write("x", "old");
  {
    NewFile file(folder / "x");
    file.write("half of");
    CHECK(file.bytes() == 7);
    CHECK(read_text(folder / "x") == "old");
  }
  CHECK(read_text(folder / "x") == "old");
  CHECK_FALSE(std::filesystem::exists(folder / "x.tmp"));
  NewFile file(folder / "x", ".part");
  file.write("new ");
  file.write("text");
  CHECK(std::filesystem::exists(folder / "x.part"));
  file.commit();
  CHECK(read_text(folder / "x") == "new text");
  CHECK_FALSE(std::filesystem::exists(folder / "x.part"));
  CHECK_THROWS_WITH(NewFile(folder / "no/x"), Contains((folder / "no/x.tmp").string()));
  CHECK(free_bytes(folder.path()) > 0);
  CHECK_THROWS_AS(free_bytes(folder / "no"), IoError);
}
