// Decoding: each format against Pillow's pixels, and files that must be refused.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/image/decode.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>
#include <zlib.h>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;

namespace {

using Bytes = std::vector<std::uint8_t>;

Image decoded(const Bytes& file, const std::string& name = "some.jpg") {
  Image image;
  decode(std::as_bytes(std::span(file)), name, image);
  return image;
}

Bytes reference_file(const std::string& name) {
  for (const auto& file : support::reference("files")) {
    if (file["name"] == name) return support::from_base64(file["bytes"]);
  }
  throw std::runtime_error("no reference file " + name);
}

// A JPEG of one colour, of four components, as libjpeg is told to store them.
Bytes four_component_jpeg(std::array<std::uint8_t, 4> color, J_COLOR_SPACE stored) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = info.image_height = 8;
  info.input_components = 4;
  info.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, stored);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  Bytes row;
  for (int x = 0; x < 8; ++x) row.insert(row.end(), color.begin(), color.end());
  JSAMPROW rows = row.data();
  while (info.next_scanline < 8) jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes bytes(memory, memory + size);
  std::free(memory);
  return bytes;
}

// The place of a JPEG's start-of-frame segment.
std::size_t frame_of(const Bytes& jpeg) {
  for (std::size_t at = 2; at + 4 < jpeg.size(); at += 2 + jpeg[at + 2] * 256U + jpeg[at + 3]) {
    if (jpeg[at + 1] >= 0xC0 && jpeg[at + 1] <= 0xC2) return at;
  }
  throw std::runtime_error("no frame");
}

}  // namespace

TEST_CASE("Every format gives the pixels that Pillow reads") {
  for (const auto& file : support::reference("files")) {
    INFO(file["name"]);
    const Image image = decoded(support::from_base64(file["bytes"]));
    CHECK(image.size == Size{21, 13});
    CHECK(support::digest(image.pixels) == file["pixels"]);
  }
}

TEST_CASE("CMYK and YCCK are read as Adobe writes them") {
  // Inverted: cyan 255 - 55 = 200, no magenta, yellow 100, black 55; red = (255 - 200)(255 -
  // 55)/255.
  const std::array<std::uint8_t, 4> color = {55, 255, 155, 200};
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    const Image image = decoded(four_component_jpeg(color, stored));
    CHECK(image.pixels[0] == Approx(43).margin(2));
    CHECK(image.pixels[1] == Approx(200).margin(2));
    CHECK(image.pixels[2] == Approx(122).margin(2));
  }
}

TEST_CASE("The memory of an image is used again, and resized") {
  Image image = support::make_image(100, 100);
  const Bytes file = reference_file("rgb.png");
  decode(std::as_bytes(std::span(file)), "rgb.png", image);
  CHECK(image.pixels.size() == 21U * 13 * 3);
}

TEST_CASE("A truncated file is refused by name") {
  for (const auto& file : support::reference("files")) {
    const std::string name = file["name"];
    const Bytes bytes = support::from_base64(file["bytes"]);
    for (const std::size_t left : {bytes.size() / 2, std::size_t{20}, std::size_t{5}}) {
      INFO(name << " cut to " << left);
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(left));
      CHECK_THROWS_AS(decoded(cut, name), DataError);
      CHECK_THROWS_WITH(decoded(cut, name), Contains(name));
    }
  }
}

TEST_CASE("A JPEG that lost its end or its middle is refused, one with stray bytes is not") {
  const Bytes good = reference_file("444.jpg");
  const Bytes shorter(good.begin(), good.end() - 40);
  CHECK_THROWS_WITH(decoded(shorter, "n01/cut.JPEG"),
                    Contains("n01/cut.JPEG") && Contains("Premature end"));

  Bytes hole = shorter;
  hole.insert(hole.end(), {0xFF, 0xD9});
  CHECK_THROWS_WITH(decoded(hole), Contains("premature end of data segment"));

  Bytes stray = good;
  const std::array<std::uint8_t, 3> garbage = {1, 2, 3};
  stray.insert(stray.begin() + static_cast<std::ptrdiff_t>(frame_of(good)), garbage.begin(),
               garbage.end());
  CHECK(decoded(stray).pixels == decoded(good).pixels);
}

TEST_CASE("Headers that claim too much are refused before memory is taken") {
  Bytes jpeg = reference_file("420.jpg");
  const std::size_t frame = frame_of(jpeg);
  for (std::size_t i = 5; i < 9; i += 2) {
    jpeg[frame + i] = 0xFF;  // 65500
    jpeg[frame + i + 1] = 0xDC;
  }
  CHECK_THROWS_WITH(decoded(jpeg, "bomb.jpg"), Contains("bomb.jpg") && Contains("65500 x 65500"));

  Bytes png = reference_file("rgb.png");
  png[17] = png[21] = 0x7F;
  const auto checksum = static_cast<std::uint32_t>(crc32_z(0, &png[12], 17));
  for (std::size_t i = 0; i < 4; ++i) {
    png[29 + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
  }
  CHECK_THROWS_WITH(decoded(png, "bomb.png"), Contains("bomb.png") && Contains("pixels"));
  Bytes bmp = reference_file("rgb.bmp");
  bmp[20] = bmp[24] = 0x7F;
  CHECK_THROWS_WITH(decoded(bmp), Contains("header claims"));
  Bytes tiff = reference_file("rgb.tif");
  const std::size_t width = tiff[4] + 256U * tiff[5] + 2;  // its entry is the first
  tiff[width + 2] = 4;                                     // 32-bit
  tiff[width + 11] = 0x7F;
  CHECK_THROWS_WITH(decoded(tiff), Contains("header claims"));
  const std::string pnm = "P6 # wide\n100000 100000 255\n";
  CHECK_THROWS_WITH(decoded(Bytes(pnm.begin(), pnm.end())), Contains("header claims"));
}

TEST_CASE("A program can ask for fewer pixels than there may be") {
  for (const auto& file : support::reference("files")) {
    INFO(file["name"]);
    const Bytes bytes = support::from_base64(file["bytes"]);
    Image image;
    const auto read = [&](std::size_t most) {
      decode(std::as_bytes(std::span(bytes)), "small", image, most);
    };
    CHECK_NOTHROW(read(21 * 13));
    CHECK_THROWS_WITH(read(21 * 13 - 1), Contains("21 x 13") && Contains("at most 272"));
  }
}

TEST_CASE("JPEG with 12 bits a sample is refused") {
  Bytes jpeg = reference_file("444.jpg");
  jpeg[frame_of(jpeg) + 4] = 12;
  CHECK_THROWS_AS(decoded(jpeg), DataError);
}

TEST_CASE("A progressive JPEG with a thousand scans is refused") {
  Bytes jpeg = reference_file("progressive.jpg");
  const auto marker = [&](std::size_t at) { return jpeg[at] == 0xFF && jpeg[at + 1] != 0; };
  std::size_t begin = frame_of(jpeg);
  while (!(marker(begin) && jpeg[begin + 1] == 0xDA)) ++begin;
  std::size_t end = begin + 2;
  while (!marker(end)) ++end;
  const Bytes scan(jpeg.begin() + static_cast<std::ptrdiff_t>(begin),
                   jpeg.begin() + static_cast<std::ptrdiff_t>(end));
  Bytes scans;
  for (int i = 0; i < 1000; ++i) scans.insert(scans.end(), scan.begin(), scan.end());
  jpeg.insert(jpeg.begin() + static_cast<std::ptrdiff_t>(end), scans.begin(), scans.end());
  CHECK_THROWS_WITH(decoded(jpeg, "slow.jpg"), Contains("slow.jpg") && Contains("500 scans"));
}

TEST_CASE("What is no image is refused") {
  CHECK_THROWS_WITH(decoded({}, "none.jpg"), Contains("none.jpg") && Contains("empty"));
  CHECK_THROWS_WITH(decoded(Bytes(100, 'x'), "text.png"), Contains("text.png"));
  CHECK_THROWS_AS(decoded({0xFF, 0xD8, 0xFF}), DataError);
  CHECK_THROWS_AS(decoded({0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}), DataError);
}
