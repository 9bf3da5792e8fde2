// Grey images of 16 bits: files and sizes against Pillow's values, and their way through the
// loader.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/grey16.h>
#include <imgcls/image/thumbnail.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;

namespace {

nlohmann::json reference(const std::string& key) {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/grey16_reference.json");
  return nlohmann::json::parse(file).at(key);
}

std::vector<int> values_of(std::span<const std::uint8_t> pixels) {
  std::vector<int> values;
  for (std::size_t i = 0; i < pixels.size(); i += 3) values.push_back(grey16(&pixels[i]));
  return values;
}

/// grey16_reference.py's make_image.
Image make_grey16(int width, int height) {
  Image image{.size = {width, height}, .pixels = {}, .bits = 16};
  image.pixels.resize(std::size_t{3} * static_cast<std::size_t>(width) *
                      static_cast<std::size_t>(height));
  std::uint8_t* pixel = image.pixels.data();
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x, pixel += 3) {
      const std::uint32_t noise = (x * 73856093U ^ y * 19349663U) * 2654435761U;
      set_grey16(pixel, static_cast<std::uint16_t>(x * 700 + y * 300 + (noise >> 16)));
    }
  }
  return image;
}

std::vector<std::uint8_t> resized(const Image& image, Size size, Rect window,
                                  Interpolation interpolation) {
  std::vector<std::uint8_t> output(std::size_t{3} * static_cast<std::size_t>(window.width) *
                                   static_cast<std::size_t>(window.height));
  resize(image, {0, 0, image.size.width, image.size.height}, size, window, interpolation, output);
  return output;
}

std::string digest_of_values(std::span<const std::uint8_t> pixels) {
  std::vector<std::uint8_t> bytes;
  for (const int value : values_of(pixels)) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
  }
  return support::digest(bytes);
}

/// A data set of pixels.
class Made final : public Source {
 public:
  std::size_t size() const override { return 12; }
  std::int64_t label(std::size_t index) const override { return index % 2; }
  Sample read(std::size_t index) const override {
    const int more = static_cast<int>(index);
    return index % 3 == 0 ? support::make_image(30 + more, 40) : make_grey16(40, 30 + more);
  }
  std::string name(std::size_t index) const override { return std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "made"; }

 private:
  std::vector<std::string> classes_{"a", "b"};
};

std::vector<std::uint8_t> loaded(const LoaderOptions& options) {
  Loader loader(std::make_shared<Made>(), options);
  loader.start(0);
  std::vector<std::uint8_t> images;
  while (const Batch* batch = loader.next()) {
    CHECK(batch->bits == 16);
    images.insert(images.end(), batch->images.begin(), batch->images.end());
  }
  return images;
}

}  // namespace

TEST_CASE("files become grey of 16 bits with Pillow's values") {
  for (const auto& file : reference("files")) {
    INFO(file["name"]);
    const auto bytes = support::from_base64(file["bytes"]);
    Image image;
    decode_grey16(std::as_bytes(std::span(bytes)), file["name"].get<std::string>(), image);
    CHECK(image.bits == 16);
    CHECK(image.size == Size{7, 5});
    CHECK(values_of(image.pixels) == file["values"].get<std::vector<int>>());
    // And of 8 bits after that, in the same memory.
    decode(std::as_bytes(std::span(bytes)), "some", image);
    CHECK(image.bits == 8);
  }
}

TEST_CASE("a cut-off file of 16 bits is refused") {
  for (const auto& file : reference("files")) {
    INFO(file["name"]);
    auto bytes = support::from_base64(file["bytes"]);
    bytes.resize(bytes.size() / 2);
    Image image;
    CHECK_THROWS_AS(decode_grey16(std::as_bytes(std::span(bytes)), "half", image), DataError);
  }
}

TEST_CASE("grey of 16 bits is resized to Pillow's bits") {
  for (const auto& c : reference("resized")) {
    INFO(c.dump());
    const Size to{c["to"][0], c["to"][1]};
    const Interpolation interpolation =
        c["interpolation"] == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear;
    const Image image = make_grey16(c["size"][0], c["size"][1]);
    const auto whole = resized(image, to, {0, 0, to.width, to.height}, interpolation);
    CHECK(digest_of_values(whole) == c["sha256"]);

    const Rect window{to.width / 3, to.height / 4, to.width - to.width / 3, (to.height + 1) / 2};
    const auto part = resized(image, to, window, interpolation);
    for (int y = 0; y < window.height; ++y) {
      const auto row = static_cast<std::ptrdiff_t>(3) * window.width;
      const auto from = static_cast<std::ptrdiff_t>(3) * ((window.y + y) * to.width + window.x);
      REQUIRE(
          std::equal(part.begin() + y * row, part.begin() + (y + 1) * row, whole.begin() + from));
    }
  }
}

TEST_CASE("bits are changed both ways") {
  Image image = support::make_image(5, 3);
  const Image before = image;
  to_bits(image, 8);
  CHECK(image.pixels == before.pixels);
  to_bits(image, 16);
  const std::uint8_t* rgb = before.pixels.data();
  CHECK(grey16(image.pixels.data()) == luma(rgb[0], rgb[1], rgb[2]) * 257);
  to_bits(image, 8);
  CHECK(image.pixels[0] == luma(rgb[0], rgb[1], rgb[2]));
  CHECK(image.pixels[1] == image.pixels[0]);
}

TEST_CASE("pictures for people have the upper bytes") {
  const Image grey = make_grey16(9, 7), seen = with_bits(grey, 8);
  CHECK(encode_png(grey) == encode_png(seen));
  CHECK(thumbnail_jpeg(grey, 100) == encode_jpeg(seen));
  CHECK(thumbnail_jpeg(grey, 4) == thumbnail_jpeg(seen, 4));
}

TEST_CASE("batches of 16 bits are made from pixels of either kind, on any number of threads") {
  LoaderOptions options{.batch = 4, .threads = 1, .bits = 16, .transform = EvalOptions()};
  SECTION("training") {
    options.transform = AugmentOptions{.size = 16, .area_min = 0.3};
  }
  SECTION("with a border") {
    options.transform = AugmentOptions{.size = 16, .crop = CropKind::pad};
  }
  SECTION("evaluation") {
    options.transform = EvalOptions{.size = 16, .resize = 20, .crops = 5};
  }
  const auto images = loaded(options);
  options.threads = 3;
  CHECK(loaded(options) == images);
  // Lower bytes are there: grey of 8 bits would have none but those of times 257.
  int others = 0;
  for (std::size_t i = 0; i < images.size(); i += 3) others += images[i] != images[i + 1] ? 1 : 0;
  CHECK(others > static_cast<int>(images.size() / 3 / 2));
}

TEST_CASE("an evaluation image of 16 bits is Pillow's resize and crop") {
  const Image image = make_grey16(60, 40);
  const EvalOptions options{.size = 20, .resize = 20};
  std::vector<std::uint8_t> output(20 * 20 * 3);
  apply(plan_eval(image.size, options), image, output);
  const auto whole = resized(image, {30, 20}, {0, 0, 30, 20}, Interpolation::bilinear);
  CHECK(digest_of_values(whole) == reference("resized")[0]["sha256"]);
  for (int y = 0; y < 20; ++y) {
    CHECK(std::equal(output.begin() + y * 60, output.begin() + (y + 1) * 60,
                     whole.begin() + y * 90 + 15));
  }
}

TEST_CASE("what images of 16 bits cannot have is refused") {
  LoaderOptions options{.batch = 4, .threads = 1, .bits = 16, .transform = EvalOptions()};
  const auto refusal = [&] {
    try {
      const Loader loader(std::make_shared<Made>(), options);
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  AugmentOptions augment{.size = 16};
  augment.policy = "rand_augment";
  options.transform = augment;
  CHECK_THAT(refusal(), Contains("data.bits=16 and augment.policy=rand_augment"));
  augment.policy = "none";
  augment.operations = {{.name = "invert"}};
  options.transform = augment;
  CHECK_THAT(refusal(), Contains("augment.operations with invert"));
  options.transform = EvalOptions{.interpolation = Interpolation::bilinear_no_antialias};
  CHECK_THAT(refusal(), Contains("eval.interpolation=bilinear_no_antialias"));
  options.bits = 12;
  CHECK_THAT(refusal(), Contains("12 bits"));
}
