// The index of a folder: what it says, that it is reused, and that nothing broken gets through.
#include "image_files.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/data/index.h>
#include <imgcls/data/source.h>
#include <imgcls/prepare/make_index.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> good_names(const fs::path& root) {
  const auto source = open_folder(root);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < source->size(); ++i) {
    names.push_back(fs::path(source->name(i)).lexically_relative(root).string());
  }
  return names;
}

/// The index's bytes with one field overwritten and the digest made to fit again.
std::vector<std::byte> with_field(std::vector<std::byte> file, std::size_t at, std::uint64_t value,
                                  std::size_t bytes) {
  std::memcpy(file.data() + at, &value, bytes);
  const std::size_t end = file.size() - 16;
  const Digest128 digest = Xxh3().update(std::span(file).first(end)).digest();
  std::copy(digest.begin(), digest.end(), file.begin() + static_cast<std::ptrdiff_t>(end));
  return file;
}

}  // namespace

TEST_CASE("An index says of each image what it is") {
  const TempFolder root;
  support::write_jpeg(root / "a/1.jpg", 40, 30);
  support::write_jpeg(root / "a/2.jpg", 33, 17, {.grey = true});
  support::write_jpeg(root / "b/1.jpg", 20, 20, {.progressive = true});
  support::write_jpeg(root / "b/2.jpg", 20, 20, {.restarts = true, .sampling = 1});
  support::write_png(root / "b/3.JPEG", 9, 8);
  const IndexReport report = make_index(root.path(), {});
  CHECK(report.samples == 5);
  CHECK(report.reused == 0);
  CHECK(report.broken.empty());

  const Index index = Index::read(root / "imgcls.index");
  CHECK(index.kind() == IndexKind::folder);
  CHECK(index.classes() == std::vector<std::string>{"a", "b"});
  REQUIRE(index.size() == 5);
  const auto said = [&](std::size_t i) {
    const IndexSample s = index.sample(i);
    return fmt::format("{} {} {}x{} {:x} {:x}", s.name, s.label, s.width, s.height,
                       s.flags & 0xFFFF, s.flags >> kSamplingShift);
  };
  CHECK(said(0) == "a/1.jpg 0 40x30 0 22");
  CHECK(said(1) == fmt::format("a/2.jpg 0 33x17 {:x} 11", std::uint32_t{kGrey}));
  CHECK(said(2) == fmt::format("b/1.jpg 1 20x20 {:x} 22", std::uint32_t{kProgressive}));
  CHECK(said(3) == fmt::format("b/2.jpg 1 20x20 {:x} 11", std::uint32_t{kRestarts}));
  CHECK(said(4) == fmt::format("b/3.JPEG 1 9x8 {:x} 0", std::uint32_t{kNotJpeg}));
  for (std::size_t i = 0; i < 5; ++i) {
    const auto bytes = read_file(root / std::string(index.sample(i).name));
    CHECK(index.sample(i).bytes == bytes.size());
    CHECK(index.sample(i).hash == xxh3(bytes));
  }
}

TEST_CASE("An index is the same for any number of threads, its fingerprint whatever the times") {
  const TempFolder root;
  for (int i = 0; i < 40; ++i) {
    support::write_jpeg(root / fmt::format("{}/{}.jpg", i % 3, i), 10 + i, 20);
  }
  make_index(root.path(), {.threads = 1});
  const auto one = read_file(root / "imgcls.index");
  make_index(root.path(), {.file = root / "other", .threads = 3});
  CHECK(read_file(root / "other") == one);
  fs::last_write_time(root / "1/4.jpg", fs::file_time_type::clock::now() - std::chrono::hours(1));
  make_index(root.path(), {.file = root / "other"});
  CHECK(read_file(root / "other") != one);
  CHECK(Index::read(root / "other").fingerprint() == Index::parse(one, "one").fingerprint());
}

TEST_CASE("Only what has changed is read again") {
  const TempFolder root;
  for (int i = 0; i < 9; ++i) support::write_jpeg(root / fmt::format("a/{}.jpg", i), 20, 20 + i);
  make_index(root.path(), {});
  const std::string before = Index::read(root / "imgcls.index").fingerprint();
  CHECK(make_index(root.path(), {}).reused == 9);
  support::write_jpeg(root / "a/3.jpg", 50, 50);
  fs::remove(root / "a/7.jpg");
  support::write_jpeg(root / "a/70.jpg", 5, 5);
  CHECK(make_index(root.path(), {}).reused == 7);
  const Index index = Index::read(root / "imgcls.index");
  CHECK(index.size() == 9);
  CHECK(index.sample(3).width == 50);
  CHECK(index.fingerprint() != before);

  support::write(root / "imgcls.index", std::vector<std::uint8_t>(100, 'x'));
  const IndexReport again = make_index(root.path(), {});
  CHECK(again.reused == 0);
  CHECK_THAT(again.note, Contains("imgcls.index"));
  CHECK(Index::read(root / "imgcls.index").fingerprint() == index.fingerprint());
}

TEST_CASE("What a stopped run has read is not read again") {
  const TempFolder root;
  for (int i = 0; i < 60; ++i) {
    support::write_jpeg(root / fmt::format("a/{}.jpg", i), 1500, 1500);
  }
  const auto stop = [](const WorkStatus&) { return false; };
  const IndexReport stopped = make_index(root.path(), {.threads = 1, .go_on = stop});
  REQUIRE(stopped.stopped);
  CHECK_FALSE(fs::exists(root / "imgcls.index"));
  const IndexReport report = make_index(root.path(), {});
  CHECK(report.reused > 0);
  CHECK(report.reused < 60);
  CHECK_FALSE(fs::exists(root / "imgcls.index.partial"));
  const auto resumed = read_file(root / "imgcls.index");
  fs::remove(root / "imgcls.index");
  make_index(root.path(), {});
  CHECK(read_file(root / "imgcls.index") == resumed);
}

TEST_CASE("Broken images are named, listed, and left out") {
  const TempFolder root;
  support::write_jpeg(root / "a/1.jpg", 60, 60);
  support::write_jpeg(root / "a/2.jpg", 60, 60);
  fs::resize_file(root / "a/2.jpg", fs::file_size(root / "a/2.jpg") / 2);
  support::write(root / "a/3.jpg", std::vector<std::uint8_t>{});
  fs::create_symlink("nowhere", root / "a/4.jpg");
  support::write_jpeg(root / "b/1.jpg", 60, 60);
  const IndexReport report = make_index(root.path(), {});
  REQUIRE(report.broken.size() == 3);
  CHECK(report.broken[0].name == (root / "a/2.jpg").string());
  CHECK_THAT(report.broken[0].reason, Contains((root / "a/2.jpg").string()));
  CHECK(report.broken[1].name == (root / "a/3.jpg").string());
  CHECK(report.broken[2].name == (root / "a/4.jpg").string());
  CHECK_THAT(read_text(root / "imgcls.index.broken.txt"),
             Contains("a/2.jpg\t") && Contains("a/4.jpg\t"));
  CHECK(good_names(root.path()) == std::vector<std::string>{"a/1.jpg", "b/1.jpg"});
  CHECK(open_folder(root.path())->label(1) == 1);

  support::write_jpeg(root / "a/2.jpg", 60, 60);
  fs::remove(root / "a/3.jpg");
  fs::remove(root / "a/4.jpg");
  CHECK(make_index(root.path(), {}).reused == 2);
  CHECK_FALSE(fs::exists(root / "imgcls.index.broken.txt"));
  CHECK(good_names(root.path()).size() == 3);
}

TEST_CASE("A folder that is not what its index says is refused where that shows") {
  const TempFolder root;
  support::write_jpeg(root / "a/1.jpg", 20, 20);
  support::write_jpeg(root / "b/1.jpg", 20, 20);
  make_index(root.path(), {});
  const auto source = open_folder(root.path());
  CHECK(std::get<std::vector<std::byte>>(source->read(1)) == read_file(root / "b/1.jpg"));
  support::write(root / "a/1.jpg", std::vector<std::uint8_t>{1, 2});
  CHECK_THROWS_WITH(source->read(0), Contains("a/1.jpg has 2 bytes") && Contains("prepare index"));
  fs::remove(root / "a/1.jpg");
  CHECK_THROWS_WITH(source->read(0), Contains("a/1.jpg"));
  support::write_jpeg(root / "c/1.jpg", 20, 20);
  CHECK_THROWS_WITH(open_folder(root.path()), Contains("class folder c is new"));
  fs::remove_all(root / "c");
  fs::remove_all(root / "b");
  CHECK_THROWS_WITH(open_folder(root.path()), Contains("class folder b is gone"));
}

TEST_CASE("A check reads everything again and names the differences") {
  const TempFolder root;
  for (int i = 0; i < 5; ++i) support::write_jpeg(root / fmt::format("a/{}.jpg", i), 20, 20);
  make_index(root.path(), {});
  CHECK(check_index(root.path(), {}).differences.empty());
  auto bytes = read_file(root / "a/2.jpg");
  bytes.back() ^= std::byte{1};
  const auto time = fs::last_write_time(root / "a/2.jpg");
  write_synced(root / "a/2.jpg", bytes);
  fs::last_write_time(root / "a/2.jpg", time);
  fs::remove(root / "a/3.jpg");
  support::write_jpeg(root / "a/5.jpg", 20, 20);
  const CheckReport report = check_index(root.path(), {});
  REQUIRE(report.differences.size() == 3);
  CHECK_THAT(report.differences[0], Contains("a/3.jpg is gone"));
  CHECK_THAT(report.differences[1], Contains("a/5.jpg is new"));
  CHECK_THAT(report.differences[2], Contains("a/2.jpg has other bytes"));
}

TEST_CASE("An index that is cut off, or has one bit flipped, is refused") {
  const TempFolder root;
  support::write_jpeg(root / "a/1.jpg", 20, 20);
  support::write_jpeg(root / "b/1.jpg", 20, 20);
  make_index(root.path(), {});
  const auto good = read_file(root / "imgcls.index");
  CHECK(Index::parse(good, "good").size() == 2);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(Index::parse(std::span(good).first(size), "cut"), DataError);
  }
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    CHECK_THROWS_AS(Index::parse(bad, "flipped"), DataError);
  }
  CHECK_THROWS_WITH(Index::parse(std::span(good).first(70), "the-name"),
                    Contains("the-name") && Contains("prepare index"));
}

TEST_CASE("Every number in an index is checked, even where its digest is right") {
  const TempFolder root;
  support::write_jpeg(root / "a/1.jpg", 20, 20);
  support::write_jpeg(root / "b/1.jpg", 20, 20);
  make_index(root.path(), {});
  const auto good = read_file(root / "imgcls.index");
  CHECK(Index::parse(with_field(good, 0, 'i', 1), "same").size() == 2);
  const std::uint64_t huge = ~std::uint64_t{0};
  // The header's fields, two class rows, two sample rows.
  for (const std::size_t at : {0, 8, 12}) {
    CHECK_THROWS_AS(Index::parse(with_field(good, at, 7, 4), "header"), DataError);
  }
  for (std::size_t at = 16; at < 64; at += 8) {
    for (const std::uint64_t value : {huge, std::uint64_t{1} << 61, std::uint64_t{3}}) {
      CHECK_THROWS_AS(Index::parse(with_field(good, at, value, 8), "header"), DataError);
    }
  }
  for (const std::size_t at : {64, 72, 80, 144}) {  // ends of texts
    for (const std::uint64_t value : {huge, std::uint64_t{0}, std::uint64_t{1000}}) {
      CHECK_THROWS_AS(Index::parse(with_field(good, at, value, 8), "text"), DataError);
    }
  }
  for (const std::size_t row : {80, 144}) {
    CHECK_THROWS_AS(Index::parse(with_field(good, row + 8, huge, 8), "checkpoints"), DataError);
    for (const std::size_t field : {40, 44, 48, 52, 56, 60}) {
      CHECK_THROWS_AS(Index::parse(with_field(good, row + field, 0xFFFFFFFF, 4), "row"), DataError);
    }
    CHECK_THROWS_AS(Index::parse(with_field(good, row + 48, 0, 4), "no pixels"), DataError);
  }
  const std::size_t text = 64 + 2 * 8 + 2 * 64 + 2;  // behind the classes' names
  CHECK_THROWS_AS(Index::parse(with_field(good, text, '/', 1), "absolute"), DataError);
  CHECK_THROWS_AS(Index::parse(with_field(good, text, 0, 1), "zero byte"), DataError);
  CHECK_THROWS_AS(Index::parse(with_field(good, text, 0x2F2E2E, 3), "upwards"), DataError);
}
