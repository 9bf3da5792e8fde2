// Tar archives: what is read, and what is refused by name.
#include "support.h"

#include "../support/tar_text.h"

#include <imgcls/core/error.h>
#include <imgcls/core/md5.h>
#include <imgcls/prepare/archive.h>

#include <catch2/catch.hpp>

#include <map>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
using test::tar_end;
using test::tar_member;

namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The files of an archive in memory, handed out `piece` bytes at a time.
std::map<std::string, std::string> unpack(const std::string& archive, std::size_t piece = 1000) {
  std::size_t at = 0;
  TarReader tar("test.tar", [&]() -> std::span<const std::byte> {
    const auto block =
        std::as_bytes(std::span(archive).subspan(at).first(std::min(piece, archive.size() - at)));
    at += block.size();
    return block;
  });
  std::map<std::string, std::string> files;
  while (tar.next()) files[tar.member().path] = text_of(tar.read(1'000'000));
  return files;
}

std::string refusal(const std::string& archive) {
  try {
    unpack(archive);
  } catch (const DataError& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the files of a tar archive are read, folders passed over") {
  const std::string large(123'456, 'x'), deep = std::string(90, 'd') + "/" + std::string(90, 'e');
  const std::string archive = tar_member("./", "", '5') + tar_member("a", "hello") +
                              tar_member("./b//c", large) + tar_member(deep, "") +
                              tar_member("..b..", "dots") + tar_end();
  const std::map<std::string, std::string> expected = {
      {"a", "hello"}, {"b/c", large}, {deep, ""}, {"..b..", "dots"}};
  for (const std::size_t piece : {std::size_t{7}, std::size_t{512}, archive.size()}) {
    CHECK(unpack(archive, piece) == expected);
  }
}

TEST_CASE("members that could do harm are refused by name") {
  const auto message = [](std::string_view name, char kind = '0', std::string_view target = "") {
    return refusal(tar_member("good", "x") +
                   tar_member(name, kind == '0' ? "y" : "", kind, target) + tar_end());
  };
  CHECK(message("fine") == "accepted");
  CHECK(message("../evil") == "test.tar: its member '../evil' leads out of its folder by '..'");
  CHECK_THAT(message("a/../../evil"), Contains("'a/../../evil' leads out"));
  CHECK_THAT(message("a/.."), Contains("leads out"));
  CHECK_THAT(message("/etc/passwd"), Contains("'/etc/passwd' has an absolute path"));
  CHECK_THAT(message("link", '2', "/etc"), Contains("'link' is a symbolic link"));
  CHECK_THAT(message("hard", '1', "good"), Contains("'hard' is a hard link"));
  CHECK_THAT(message("character", '3'), Contains("'character' is a device"));
  CHECK_THAT(message("block", '4'), Contains("'block' is a device"));
  CHECK_THAT(message("fifo", '6'), Contains("'fifo' is a FIFO"));
  CHECK_THAT(message("../folder", '5'), Contains("leads out"));
  CHECK_THAT(message("new\nline"), Contains("'new?line' has a control character"));
  CHECK_THAT(message(""), Contains("no readable path"));
  CHECK_THAT(message(std::string(256, 'n')), Contains("name of 256 bytes, more than 255"));
  std::string deep;
  for (int i = 0; i < 600; ++i) deep += "d/";
  CHECK_THAT(message(deep + "e"), Contains("path of 1201 bytes, more than 1024"));
  CHECK_THAT(message(std::string(1'000'000, 'n')), Contains("bytes, more than 1024"));
}

TEST_CASE("broken archives are refused") {
  const std::string good =
      tar_member("a", std::string(2000, 'a')) + tar_member("b", std::string(3000, 'b')) + tar_end();
  REQUIRE(refusal(good) == "accepted");
  for (std::size_t size = 0; size < good.size() - 1024; size += 97) {
    // Between members, and with nothing but its end missing, an archive looks whole: those who know
    // what must be in it find out.
    if (size == 0 || size == 512 + 2048) continue;
    INFO(size);
    CHECK_THAT(refusal(good.substr(0, size)), Contains("test.tar"));
  }
  std::string wrong_sum = good;
  wrong_sum[2560 + 5] = 'x';
  CHECK_THAT(refusal(wrong_sum), Contains("test.tar is not a usable tar archive"));
  CHECK_THAT(refusal(std::string(5000, 'z')), Contains("not a usable tar archive"));
}

TEST_CASE("a member beyond the limit, or that claims more than there is, is refused") {
  std::string archive = tar_member("a", "hello") + tar_end();
  TarReader tar("test.tar", [&, given = false]() mutable -> std::span<const std::byte> {
    if (std::exchange(given, true)) return {};
    return std::as_bytes(std::span(archive));
  });
  REQUIRE(tar.next());
  CHECK_THROWS_WITH(tar.read(4), Contains("'a' has 5 bytes, more than 4"));
  // 8 GiB less a byte in the header, which is right otherwise: refused before memory is taken.
  std::string claim = tar_member("a", "");
  claim.replace(124, 11, "77777777777");
  claim.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : claim) sum += static_cast<unsigned char>(c);
  claim.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  CHECK_THAT(refusal(claim + tar_end()), Contains("'a' has 8589934591 bytes, more than 1000000"));
}

TEST_CASE("what reading throws comes through, at once and later") {
  const std::string archive = tar_member("a", std::string(5000, 'a')) + tar_end();
  for (const std::size_t readable : {std::size_t{0}, std::size_t{2048}}) {
    std::size_t at = 0;
    const auto read_all = [&] {
      TarReader tar("test.tar", [&]() -> std::span<const std::byte> {
        if (at == readable) throw IoError("unplugged");
        at += 512;
        return std::as_bytes(std::span(archive).subspan(at - 512, 512));
      });
      while (tar.next()) tar.read(10'000);
    };
    CHECK_THROWS_WITH(read_all(), "unplugged");
  }
}

TEST_CASE("an archive's file is hashed on the way, to its last byte") {
  const TempFolder folder;
  const std::string archive = tar_member("a", std::string(3'000'000, 'a')) +
                              tar_member("b", "end") + tar_end() + std::string(10'240, '\0');
  const std::string path = folder.write("a.tar", archive);
  const std::string expected = Md5().update(std::as_bytes(std::span(archive))).hex();
  for (const bool hashed : {true, false}) {
    ArchiveFile file(path, hashed);
    CHECK(file.size() == archive.size());
    TarReader tar(file);
    REQUIRE(tar.next());
    REQUIRE(tar.next());
    CHECK(text_of(tar.read(10)) == "end");
    CHECK(!tar.next());
    if (hashed) CHECK(file.md5() == expected);
  }
  CHECK_THROWS_AS(ArchiveFile(folder.path(), true), IoError);
  CHECK_THROWS_WITH(ArchiveFile(folder / "none", true), Contains("none: No such file"));
}

TEST_CASE("a truncated file is found out also where its bytes are passed over") {
  const TempFolder folder;
  const std::string archive = tar_member("a", std::string(3'000'000, 'a')) + tar_end();
  const std::string path = folder.write("a.tar", archive.substr(0, 2'000'000));
  ArchiveFile file(path, false);
  TarReader tar(file);
  REQUIRE(tar.next());
  CHECK_THROWS_WITH(tar.next(), Contains("a.tar is not a usable tar archive"));
}
