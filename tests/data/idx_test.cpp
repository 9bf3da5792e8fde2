// IDX files, plain and gzip, good and broken.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/source.h>

#include <zlib.h>

#include <catch2/catch.hpp>
#include <functional>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes idx(std::vector<std::uint32_t> shape, const Bytes& values) {
  Bytes file = {0, 0, 8, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t length : shape) {
    for (const int shift : {24, 16, 8, 0})
      file.push_back(static_cast<std::uint8_t>(length >> shift));
  }
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

void write_gzip(const fs::path& path, const Bytes& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

const Bytes kImages = idx({2, 2, 3}, {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255});
const Bytes kLabels = idx({2}, {9, 0});

}  // namespace

TEST_CASE("IDX files are read, plain and gzip, whatever their names") {
  const TempFolder folder;
  support::write(folder / "images", kImages);
  support::write(folder / "labels.gz", kLabels);
  const auto plain = open_idx(folder / "images", folder / "labels.gz");
  write_gzip(folder / "images", kImages);
  write_gzip(folder / "labels.gz", kLabels);
  const auto packed = open_idx(folder / "images", folder / "labels.gz");
  for (const Source* source : {plain.get(), packed.get()}) {
    REQUIRE(source->size() == 2);
    CHECK(source->label(0) == 9);
    CHECK(source->classes().size() == 10);
    CHECK(source->classes()[7] == "7");
    const Image image = std::get<Image>(source->read(1));
    CHECK(image.size == Size{3, 2});
    CHECK(Bytes(image.row(1), image.row(1) + 6) == Bytes{253, 253, 253, 254, 254, 254});
    CHECK_THAT(source->name(1), Contains("images") && Contains("1"));
  }
  CHECK(plain->fingerprint() == packed->fingerprint());
  support::write(folder / "images", idx({2, 2, 3}, Bytes(12, 7)));
  CHECK(open_idx(folder / "images", folder / "labels.gz")->fingerprint() != plain->fingerprint());
}

TEST_CASE("IDX files of RGB images are read") {
  const TempFolder folder;
  support::write(folder / "images", idx({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  support::write(folder / "labels", idx({1}, {1}));
  const auto source = open_idx(folder / "images", folder / "labels", {"cat", "dog"});
  CHECK(std::get<Image>(source->read(0)).pixels == Bytes{1, 2, 3, 4, 5, 6});
  CHECK(source->classes()[1] == "dog");
}

TEST_CASE("A wrong IDX file is refused by name, whichever field is wrong") {
  const TempFolder folder;
  const auto message = [&](const Bytes& images, const Bytes& labels) -> std::string {
    support::write(folder / "images", images);
    support::write(folder / "labels", labels);
    try {
      open_idx(folder / "images", folder / "labels");
    } catch (const DataError& e) {
      return e.what();
    }
    return "accepted";
  };
  const auto changed = [](Bytes file, std::size_t at, std::uint8_t value) {
    file.at(at) = value;
    return file;
  };
  const auto cut = [](Bytes file, std::size_t left) {
    file.resize(left);
    return file;
  };
  CHECK_THAT(message({}, kLabels), Contains("images") && Contains("0 bytes"));
  CHECK_THAT(message(changed(kImages, 0, 1), kLabels), Contains("first two bytes"));
  CHECK_THAT(message(changed(kImages, 2, 0x0D), kLabels), Contains("type is 0x0d"));
  CHECK_THAT(message(changed(kImages, 3, 2), kLabels), Contains("claims 2 x 2 values"));
  CHECK_THAT(message(idx({12}, Bytes(12)), kLabels), Contains("shape is 12"));
  CHECK_THAT(message(idx({1, 2, 2, 4}, Bytes(16)), kLabels), Contains("shape is 1 x 2 x 2 x 4"));
  CHECK_THAT(message(cut(kImages, 10), kLabels), Contains("header is truncated"));
  CHECK_THAT(message(cut(kImages, kImages.size() - 1), kLabels), Contains("11 bytes follow"));
  CHECK_THAT(message(changed(kImages, 4, 0xFF), kLabels), Contains("claims"));
  CHECK_THAT(message(changed(kImages, 11, 0), kLabels), Contains("dimension 1 is 0"));
  CHECK_THAT(message(idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {1}), kLabels), Contains("claims"));
  CHECK_THAT(message(kImages, idx({3}, {1, 2, 3})), Contains("labels") && Contains("3 labels"));
  CHECK_THAT(message(kImages, idx({2, 1}, {1, 2})), Contains("labels") && Contains("2 x 1"));
  CHECK_THAT(message(kImages, idx({2}, {1, 10})), Contains("label 10 of image 1"));
  CHECK(message(kImages, kLabels) == "accepted");
}

TEST_CASE("Broken gzip data are refused by name") {
  const TempFolder folder;
  write_gzip(folder / "good", kImages);
  std::ifstream stream(folder / "good", std::ios::binary);
  const Bytes good{std::istreambuf_iterator<char>(stream), {}};
  support::write(folder / "labels", kLabels);
  const auto open_with = [&](const Bytes& images) {
    support::write(folder / "images", images);
    return open_idx(folder / "images", folder / "labels");
  };
  CHECK_THROWS_WITH(open_with({good.begin(), good.end() - 9}), Contains("truncated"));
  Bytes corrupt = good;
  corrupt[corrupt.size() - 6] ^= 1;  // the check sum
  CHECK_THROWS_WITH(open_with(corrupt), Contains("images") && Contains("corrupt"));
  Bytes longer = good;
  longer.push_back(0);
  CHECK_THROWS_WITH(open_with(longer), Contains("bytes follow"));
}
