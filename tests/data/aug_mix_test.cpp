// AugMix against torchvision's, fed the same random numbers (aug_mix_reference.py).
#include "drawn_steps.h"
#include "made_images.h"

#include <imgcls/augment/aug_mix.h>
#include <imgcls/augment/pixel_mix.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/error.h>

#include <bit>
#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using nlohmann::json;
using support::digest;
using support::made_image;
using support::numbers_of;

namespace {

json reference(const std::string& key) {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/aug_mix_reference.json");
  return json::parse(file).at(key);
}

AugmentOptions configured(const json& own) {
  AugmentOptions options;
  read_augment({{"policy", "augmix"}, {"augmix", own}}, options);
  return options;
}

/// What the policy's one step mixes.
PixelMix drawn_mix(const Policy& policy, Size size, std::uint64_t sample) {
  Random random = numbers_of(sample);
  const std::vector<PixelStep> steps = policy.draw(size, random);
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].operation->name == "mix");
  return *steps[0].settings.mix;
}

/// Operations as the script writes them into its digest.
void append(const PixelMix& mix, std::vector<std::uint8_t>& text) {
  for (const PixelMix::Part& part : mix.parts) {
    for (const PixelStep& step : part.steps) {
      const std::string& name = step.operation->name;
      text.insert(text.end(), name.begin(), name.end());
      const auto bits = std::bit_cast<std::array<std::uint8_t, 8>>(step.magnitude);
      text.insert(text.end(), bits.begin(), bits.end());
    }
  }
  text.push_back('\n');
}

void check_first(const PixelMix& mix, const json& expected) {
  const std::vector<double> ends = expected["ends"], shares = expected["shares"];
  CHECK(mix.own == Approx(ends[0]).epsilon(1e-6));
  REQUIRE(mix.parts.size() == shares.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    CHECK(mix.parts[i].share == Approx(shares[i] * ends[1]).epsilon(1e-6));
    for (const PixelStep& step : mix.parts[i].steps) {
      REQUIRE(at < expected["steps"].size());
      CHECK(json{step.operation->name, step.magnitude} == expected["steps"][at++]);
    }
  }
  CHECK(at == expected["steps"].size());
}

}  // namespace

TEST_CASE("AugMix takes torchvision's steps and mixes its pixels") {
  std::size_t tested = 0;
  for (const auto& test : reference("cases")) {
    INFO(test["options"] << " " << test["image"]);
    const auto policy = make_policy(configured(test["options"]));
    const Image image = made_image(test["image"]);
    std::vector<std::uint8_t> steps, pixels, spare;
    for (std::uint64_t sample = 0; sample < 400; ++sample) {
      const PixelMix mix = drawn_mix(*policy, image.size, sample);
      append(mix, steps);
      if (sample < test["first"].size()) check_first(mix, test["first"][sample]);
      if (sample >= test["samples"]) continue;
      Image made = image;
      apply_steps(std::vector{mix_step(mix)}, PixelCanvas(made.size, made.pixels, spare));
      pixels.insert(pixels.end(), made.pixels.begin(), made.pixels.end());
    }
    CHECK(digest(steps) == test["steps"]);
    CHECK(digest(pixels) == test["pixels"]);
    ++tested;
  }
  CHECK(tested == 12);
}

TEST_CASE("the scales of AugMix's magnitudes are torchvision's, bin by bin") {
  const json expected = reference("scales");
  std::size_t with_scale = 0;
  for (const ScaledOperation& operation : aug_mix_space({224, 32})) {
    if (!operation.has_scale()) continue;
    ++with_scale;
    INFO(operation.name);
    const json& values = expected.at(std::string(operation.name));
    for (std::size_t bin = 0; bin < values.size(); ++bin) {
      CHECK(operation.magnitude(static_cast<int>(bin), 10) == values[bin]);
    }
  }
  CHECK(with_scale == expected.size());
}

TEST_CASE("a mix adds up what each chain makes of the image as it was given") {
  const Image image = made_image({"noise", 9, 5});
  std::vector<std::uint8_t> spare;
  const auto mixed = [&](PixelMix mix) {
    Image made = image;
    apply_steps(std::vector{mix_step(std::move(mix))}, PixelCanvas(made.size, made.pixels, spare));
    return made.pixels;
  };
  CHECK(mixed({}) == image.pixels);
  const PixelStep invert = pixel_step("invert");
  for (const std::uint8_t value :
       mixed({.own = 0.5F,
       .parts = {{.share = 0.25F, .steps = {invert}}, {.share = 0.25F, .steps = {invert}}}})) {
    CHECK(value == 127);
  }
  CHECK(mixed({.own = 0, .parts = {{.share = 1, .steps = {invert, invert}}}}) == image.pixels);
  Image same = image;
  apply_steps(std::vector{pixel_step("mix")}, PixelCanvas(same.size, same.pixels, spare));
  CHECK(same.pixels == image.pixels);
}

TEST_CASE("AugMix's options go both ways, and wrong ones are refused by name") {
  const json own{{"severity", 5},    {"mixture_width", 2}, {"chain_depth", 3},
                 {"alpha", 0.5},     {"all_ops", false},   {"interpolation", "nearest"},
                 {"fill", {1, 2, 3}}};
  CHECK(write_augment(configured(own)).at("augmix") == own);
  CHECK(write_augment(configured(json::object())).at("augmix").at("interpolation") == "bilinear");
  CHECK_THROWS_WITH(AugMix({.severity = 11}),
                    Contains("augment.augmix: severity is 11; expected 1 to 10"));
  CHECK_THROWS_WITH(AugMix({.mixture_width = 0}),
                    Contains("mixture_width is 0; expected at least 1"));
  CHECK_THROWS_WITH(AugMix({.alpha = 0}), Contains("alpha is 0; expected more than 0"));
  const auto policy = make_policy(configured({{"alpha", 0.01}, {"severity", 10}}));
  for (std::uint64_t sample = 0; sample < 50; ++sample) {  // no image is refused
    for (const Size size : {Size{1, 1}, Size{1, 7}, Size{5, 1}}) {
      Image small = made_image({"noise", size.width, size.height});
      std::vector<std::uint8_t> spare;
      apply_steps(std::vector{mix_step(drawn_mix(*policy, size, sample))},
                  PixelCanvas(size, small.pixels, spare));
    }
  }
}
