// Transforms against Pillow and torchvision, bit for bit (tests/parity/transforms_reference.py).
#include "support.h"

#include <imgcls/augment/transform.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using support::digest;
using support::make_image;
using support::reference;
using support::to_rect;

namespace {

Interpolation interpolation_of(const nlohmann::json& test) {
  return test["interpolation"] == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear;
}

Image image_of(const nlohmann::json& test) {
  return make_image(test["image"][0], test["image"][1]);
}

std::string applied(const Plan& plan, const Image& image) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(plan.window.width) *
                                   plan.window.height * 3);
  apply(plan, image, output);
  return digest(output);
}

std::string resized(const Image& image, Rect region, Size size, Rect window,
                    Interpolation interpolation = Interpolation::bilinear) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(window.width) * window.height * 3);
  resize(image, region, size, window, interpolation, output);
  return digest(output);
}

}  // namespace

TEST_CASE("Resizing gives Pillow's bits, whole and by window") {
  for (const auto& test : reference("resize")) {
    INFO(test.dump());
    const Image image = image_of(test);
    const Rect region = to_rect(test["region"]);
    const Size size{test["size"][0], test["size"][1]};
    const auto kind = interpolation_of(test);
    CHECK(resized(image, region, size, {0, 0, size.width, size.height}, kind) == test["all"]);
    CHECK(resized(image, region, size, to_rect(test["window"]), kind) == test["part"]);
  }
}

TEST_CASE("The evaluation transform gives torchvision's bits") {
  for (const auto& test : reference("eval")) {
    INFO(test.dump());
    const Image image = image_of(test);
    const EvalOptions options{
        .size = test["size"], .resize = test["resize"], .interpolation = interpolation_of(test)};
    CHECK(applied(plan_eval(image.size, options), image) == test["pixels"]);
  }
}

TEST_CASE("RandomResizedCrop and flip give torchvision's crops and bits") {
  int flipped = 0;
  std::uint64_t number = 0;
  for (const auto& test : reference("crop")) {
    INFO(test.dump());
    const Image image = image_of(test);
    AugmentOptions options;
    options.size = 32;
    options.interpolation = interpolation_of(test);
    options.area_min = test["scale"][0];
    options.area_max = test["scale"][1];
    options.aspect_min = test["ratio"][0];
    options.aspect_max = test["ratio"][1];
    Random random(810975 + (number << 33), test["epoch"], 1000003 * number, RandomStream::augment);
    const Plan plan = plan_augment(image.size, options, random);
    CHECK(support::to_text(plan.region) == support::to_text(to_rect(test["region"])));
    CHECK(plan.flip == test["flip"].get<bool>());
    CHECK(applied(plan, image) == test["pixels"]);
    flipped += plan.flip ? 1 : 0;
    ++number;
  }
  CHECK(flipped > 0);
  CHECK(flipped < static_cast<int>(number));
}

TEST_CASE("DALI's random crop gives the crops of its definition in Python") {
  std::uint64_t number = 0;
  for (const auto& test : reference("dali")) {
    INFO(test.dump());
    AugmentOptions options;
    options.crop = CropKind::random_resized_dali;
    options.area_min = test["area"][0];
    options.area_max = test["area"][1];
    options.aspect_min = test["aspect"][0];
    options.aspect_max = test["aspect"][1];
    options.tries = test["tries"];
    Random random(33 + number, test["epoch"], 77 * number, RandomStream::augment);
    const Plan plan = plan_augment({test["image"][0], test["image"][1]}, options, random);
    CHECK(support::to_text(plan.region) == support::to_text(to_rect(test["region"])));
    CHECK(plan.flip == test["flip"].get<bool>());
    ++number;
  }
}

TEST_CASE("Padding, random window and flip give torchvision's bits") {
  std::uint64_t number = 0;
  for (const auto& test : reference("pad")) {
    INFO(test.dump());
    const Image image = image_of(test);
    AugmentOptions options;
    options.size = 32;
    options.crop = CropKind::pad;
    options.pad = test["pad"];
    options.pad_mode = test["reflect"] ? PadMode::reflect : PadMode::zero;
    Random random(5, 2, number++, RandomStream::augment);
    CHECK(applied(plan_augment(image.size, options, random), image) == test["pixels"]);
  }
}

TEST_CASE("CropKind::none resizes the whole image") {
  const Image image = make_image(50, 40);
  AugmentOptions options;
  options.size = 24;
  options.crop = CropKind::none;
  options.flip = 0;
  Random random(0, 0, 0, RandomStream::augment);
  const Plan plan = plan_augment(image.size, options, random);
  CHECK(applied(plan, image) == resized(image, {0, 0, 50, 40}, {24, 24}, {0, 0, 24, 24}));
}

TEST_CASE("Without antialias, four pixels are mixed") {
  // 4 x 4 to 2 x 2: each output lies between the four pixels of a quarter, whatever is around it.
  Image image{{4, 4}, std::vector<std::uint8_t>(48, 0)};
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) image.row(y)[3 * x] = static_cast<std::uint8_t>(16 * y + 4 * x);
  }
  std::vector<std::uint8_t> output(12);
  resize(image, {0, 0, 4, 4}, {2, 2}, {0, 0, 2, 2}, Interpolation::bilinear_no_antialias, output);
  CHECK(output == std::vector<std::uint8_t>{10, 0, 0, 18, 0, 0, 42, 0, 0, 50, 0, 0});
  std::vector<std::uint8_t> window(3);
  resize(image, {0, 0, 4, 4}, {2, 2}, {1, 1, 1, 1}, Interpolation::bilinear_no_antialias, window);
  CHECK(window[0] == 50);
  resize(image, {1, 1, 2, 2}, {1, 1}, {0, 0, 1, 1}, Interpolation::bilinear_no_antialias, window);
  CHECK(window[0] == 30);
}
