// Tar files: what real programs write is listed, and what nobody should write is refused by name.
#include "../support/run_program.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/philox.h>
#include <imgcls/data/tar.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

std::vector<TarMember> list(const Bytes& tar) {
  const ReadAt read = [&tar](std::uint64_t at, std::span<std::byte> out) {
    REQUIRE(at + out.size() <= tar.size());
    std::copy_n(tar.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  };
  return list_tar(read, tar.size(), "some.tar");
}

std::string names(const Bytes& tar) {
  std::string all;
  for (const TarMember& member : list(tar)) all += fmt::format("{}:{} ", member.name, member.bytes);
  return all;
}

Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// A header like ustar_header's with some bytes changed and the checksum made right.
Bytes header(std::string_view name, std::uint64_t size,
             const std::vector<std::pair<std::size_t, std::string>>& changes = {}) {
  const auto plain = ustar_header(name, size);
  Bytes block(plain.begin(), plain.end());
  const auto put = [&block](std::size_t at, std::string_view text) {
    std::memcpy(block.data() + at, text.data(), text.size());
  };
  for (const auto& [at, text] : changes) put(at, text);
  put(148, "        ");
  unsigned sum = 0;
  for (const std::byte byte : block) sum += std::to_integer<unsigned>(byte);
  put(148, fmt::format("{:06o}", sum) + '\0');
  return block;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes padded(std::string_view text) {
  Bytes bytes = to_bytes(text);
  bytes.resize(tar_padded(bytes.size()));
  return bytes;
}

const Bytes kEnd(1024);

Bytes with_type(char type, std::string_view content = {}) {
  return join({header("a", content.size(), {{156, std::string(1, type)}}), padded(content)});
}

Bytes member(std::string_view name, std::string_view content) {
  return join({header(name, content.size()), padded(content)});
}

}  // namespace

TEST_CASE("What tar itself writes is listed, in all its formats") {
  const TempFolder folder;
  const std::string deep(60, 'd'), long_name = deep + "/" + deep + "/" + std::string(120, 'n');
  support::write(folder / "in/a/1.jpg", std::vector<std::uint8_t>(1000, 1));
  support::write(folder / "in/b.txt", std::vector<std::uint8_t>(512, 2));
  support::write(folder / "in/empty", std::vector<std::uint8_t>{});
  for (const std::string format : {"v7", "ustar", "gnu", "pax"}) {
    const bool long_names = format == "gnu" || format == "pax";
    if (long_names) support::write(folder / "in" / long_name, std::vector<std::uint8_t>(3, 3));
    const std::string tar = (folder / (format + ".tar")).string();
    const auto outcome = test::run_program("tar --sort=name --format=" + format + " -cf " + tar +
                                           " -C " + (folder / "in").string() + " .");
    REQUIRE(outcome.code == 0);
    const Bytes bytes = read_file(tar);
    CHECK(names(bytes) ==
          "a/1.jpg:1000 b.txt:512 " + (long_names ? long_name + ":3 empty:0 " : "empty:0 "));
    const TarMember first = list(bytes)[0];
    CHECK(bytes[first.offset] == std::byte{1});
    CHECK(bytes[first.offset + 999] == std::byte{1});
    CHECK(bytes[first.offset + 1000] == std::byte{0});
  }
}

TEST_CASE("What is written as ustar, tar reads, and names up to 255 bytes fit") {
  const TempFolder folder;
  const std::string long_name = std::string(140, 'd') + "/" + std::string(99, 'n');
  const Bytes tar = join({member("a/b.jpg", "12345"), member(long_name, "x"), kEnd});
  CHECK(names(tar) == "a/b.jpg:5 " + long_name + ":1 ");
  write_synced(folder / "x.tar", tar);
  const auto outcome = test::run_program("tar -tvf " + (folder / "x.tar").string());
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("-rw-r--r-- 0/0") && Contains(" 5 2000-01-01") &&
                                 Contains("a/b.jpg\n") && Contains(long_name + "\n"));
  CHECK(fits_ustar(long_name));
  for (const std::string& bad :
       {std::string(101, 'x'), std::string(156, 'd') + "/x", "d/" + std::string(101, 'n'),
        std::string("/a"), std::string("a/../b"), std::string()}) {
    CHECK_FALSE(fits_ustar(bad));
    CHECK_THROWS_AS(ustar_header(bad, 1), DataError);
  }
  CHECK_THROWS_WITH(ustar_header("huge", std::uint64_t{1} << 33), Contains("huge"));
}

TEST_CASE("Sizes in base 256 are read, and negative or impossible ones refused") {
  const auto size = [](std::string field) {
    return join({header("big.jpg", 0, {{124, std::move(field)}}), padded("12345"), kEnd});
  };
  using namespace std::string_literals;
  CHECK(names(size("\x80\0\0\0\0\0\0\0\0\0\0\5"s)) == "big.jpg:5 ");
  CHECK(names(size("     5\0\0\0\0\0\0"s)) == "big.jpg:5 ");
  for (const std::string& bad :
       {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"s, "\x80\1\0\0\0\0\0\0\0\0\0\0"s,
        "\xC0\0\0\0\0\0\0\0\0\0\0\5"s, "-0000000005\0"s, "00000000009\0"s, "            "s,
        "0x000000005\0"s, "777777777777"s, "00000010000\0"s,
        "\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s}) {
    CHECK_THROWS_AS(list(size(bad)), DataError);
    CHECK_THROWS_WITH(list(size(bad)), Contains("some.tar") && Contains("big.jpg"));
  }
}

TEST_CASE("Names that lead out of a folder are refused by name") {
  const auto named = [](const std::string& name) {
    Bytes long_header = header("x", name.size(), {{156, "L"}});
    return join({long_header, padded(name), member("short", "1"), kEnd});
  };
  CHECK(names(named("./a/b.jpg")) == "a/b.jpg:1 ");
  for (const std::string bad : {"/etc/passwd", "../up.jpg", "a/../../up.jpg", "a//b", "a/./b"}) {
    CHECK_THROWS_WITH(list(named(bad)), Contains("some.tar") && Contains(bad));
  }
  CHECK_THROWS_AS(list(named(std::string(5000, 'n'))), DataError);
}

TEST_CASE("Members that are no files are passed over, links known, and parts of files refused") {
  for (const char type : {'S', 'M'}) {
    CHECK_THROWS_WITH(list(join({with_type(type), kEnd})), Contains("member 'a'"));
  }
  CHECK(names(join({with_type('5'), with_type('7', "1"), kEnd})) == "a:1 ");
  CHECK(names(join({with_type('3'), with_type('4'), with_type('6'), member("b", "12"), kEnd})) ==
        "b:2 ");
  // Kinds that tarfile does not know either, and GNU's volume label and list of a folder: with
  // bytes that are theirs.
  CHECK(names(join({with_type('?', "123"), with_type('V'), with_type('D', "ab"), member("b", "12"),
                    kEnd})) == "b:2 ");
  for (const char type : {'1', '2'}) {
    const auto found = list(join({with_type(type), member("b", "12"), kEnd}));
    REQUIRE(found.size() == 2);
    CHECK((found[0].is_link && found[0].name == "a" && found[0].bytes == 0));
    CHECK_FALSE(found[1].is_link);
  }
  // The size of what a link leads to, whose bytes are not there.
  const Bytes link = header("a", 5000, {{156, "1"}});
  CHECK(names(join({link, member("b", "12"), kEnd})) == "a:0 b:2 ");
  CHECK(names(join({header("x", 0, {{0, "/etc/passwd"}, {156, "2"}}), member("b", "12"), kEnd})) ==
        "b:2 ");
}

TEST_CASE("A packed file is named for what it is, whatever its name") {
  const Bytes tar = join({member("a.jpg", "12345"), kEnd});
  for (const auto& [begin, packer] : {std::pair{"\x1f\x8b\x08", "gzip"},
                                      {"BZh9", "bzip2"},
                                      {"\xfd\x37zXZ", "xz"},
                                      {"\x28\xb5\x2f\xfd", "zstd"},
                                      {"\x50\x2a\x4d\x18", "zstd"},
                                      {"\x04\x22\x4d\x18", "lz4"},
                                      {"\x02\x21\x4c\x18", "lz4"},
                                      {"LZIP", "lzip"},
                                      {"\x1f\x9d", "compress"},
                                      {"\x89LZO", "lzop"},
                                      {"7z\xbc\xaf\x27\x1c", "7-Zip"},
                                      {"Rar!\x1a\x07", "RAR"},
                                      {"PK\x03\x04", "zip"}}) {
    Bytes packed = tar;
    std::copy_n(to_bytes(begin).begin(), std::string_view(begin).size(), packed.begin());
    CHECK_THROWS_WITH(list(packed), Contains("some.tar") && Contains(packer));
    packed.resize(2);
    CHECK_THROWS_AS(list(packed), DataError);
  }
}

TEST_CASE("pax headers: path and size hold, broken ones are refused") {
  const auto pax = [](std::string_view records) {
    return join({with_type('x', records), member("short", "12345"), kEnd});
  };
  CHECK(names(pax("18 path=long/name\n")) == "long/name:5 ");
  CHECK(names(pax("10 size=3\n")) == "short:3 ");
  CHECK(names(pax("30 mtime=1350244992.023960108\n")) == "short:5 ");
  for (const std::string bad :
       {"11 path=a\n", "8 path=a\n", "999 path=a\n", "0 path=a\n", "x path=a\n", "10 path=a",
        "5 ab\n", "11 size=-3\n", "11 size=3x\n", "29 size=99999999999999999999\n",
        "14 size=10000\n", "12 path=/ab\n", "13 path=../a\n", "22 GNU.sparse.major=1\n",
        "99999999999999999999 a=b\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(list(pax(bad)), DataError);
  }
  CHECK_THROWS_AS(list(join({with_type('x', "10 path=a\n"), kEnd})), DataError);
  const Bytes huge = header("x", (1 << 20) + 1, {{156, "x"}});
  CHECK_THROWS_WITH(list(join({huge, Bytes(2 << 20), kEnd})), Contains("at most"));
}

TEST_CASE("A tar file that is cut off anywhere is refused") {
  const Bytes tar = join({member("a.jpg", std::string(1300, 'a')), member("b.cls", "7"), kEnd});
  REQUIRE(list(tar).size() == 2);
  for (std::size_t size = 0; size < tar.size(); size += 7) {
    const Bytes cut(tar.begin(), tar.begin() + static_cast<std::ptrdiff_t>(size));
    if (size >= tar.size() - 512) {
      CHECK(list(cut).size() == 2);  // half of the end mark is enough
    } else {
      CHECK_THROWS_AS(list(cut), DataError);
    }
  }
}

TEST_CASE("No flipped bit of a header goes unnoticed, and no garbage does harm") {
  const Bytes tar = join({member("a.jpg", "12345"), kEnd});
  std::size_t seen = 0;
  for (std::size_t bit = 0; bit < 8 * 512; ++bit) {
    Bytes bad = tar;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    std::string found = "a.jpg:5 ";
    try {
      found = names(bad);  // may be right: a zero of the checksum's made a space
    } catch (const DataError&) {
      ++seen;
    }
    CHECK(found == "a.jpg:5 ");
  }
  CHECK(seen > 8 * 512 - 8);
  Random random(1, 0, 0, RandomStream::augment);
  for (int i = 0; i < 2000; ++i) {
    Bytes bad = tar;
    for (int k = 0; k < 4; ++k) bad[random.below(600)] = static_cast<std::byte>(random.below(256));
    try {
      list(bad);
    } catch (const DataError&) {
    }
  }
}
