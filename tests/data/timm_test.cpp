// timm's RandAugment against timm, fed the same random numbers (timm_reference.py), and 3-Augment
// against the chain that it is.
#include "drawn_steps.h"
#include "made_images.h"

#include <imgcls/augment/policies.h>
#include <imgcls/augment/three_augment.h>
#include <imgcls/augment/timm_rand_augment.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/error.h>

#include <bit>
#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using nlohmann::json;
using support::digest;
using support::made_image;
using support::numbers_in;
using support::numbers_of;

namespace {

/// Steps as the script writes them into its digest.
void append(const std::vector<PixelStep>& steps, std::vector<std::uint8_t>& text) {
  for (const PixelStep& step : steps) {
    const std::string& name = step.operation->name;
    text.insert(text.end(), name.begin(), name.end());
    for (const double number : numbers_in(step)) {
      const auto bits = std::bit_cast<std::array<std::uint8_t, 4>>(static_cast<float>(number));
      text.insert(text.end(), bits.begin(), bits.end());
    }
  }
  text.push_back('\n');
}

std::unique_ptr<const Policy> policy_of(const json& section) {
  AugmentOptions options;
  read_augment(section, options);
  return make_policy(options);
}

}  // namespace

TEST_CASE("timm's RandAugment takes timm's steps and makes its pixels") {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/timm_reference.json");
  std::size_t tested = 0;
  for (const auto& test : json::parse(file)) {
    INFO(test["timm"] << " " << test["image"]);
    const auto policy =
        policy_of({{"policy", "timm_rand_augment"}, {"timm_rand_augment", test["options"]}});
    const Image image = made_image(test["image"]);
    for (std::uint64_t sample = 0; sample < test["first"].size(); ++sample) {
      INFO(sample);
      Random random = numbers_of(sample);
      support::check_steps(policy->draw(image.size, random), test["first"][sample]);
    }
    std::vector<std::uint8_t> steps, pixels, spare;
    for (std::uint64_t sample = 0; sample < 1000; ++sample) {
      Random random = numbers_of(sample);
      const auto drawn = policy->draw(image.size, random);
      append(drawn, steps);
      if (sample >= test["samples"]) continue;
      Image made = image;
      apply_steps(drawn, PixelCanvas(made.size, made.pixels, spare));
      pixels.insert(pixels.end(), made.pixels.begin(), made.pixels.end());
    }
    CHECK(digest(steps) == test["steps"]);
    CHECK(digest(pixels) == test["pixels"]);
    ++tested;
  }
  CHECK(tested == 6);
}

TEST_CASE("3-Augment is the chain of its parts") {
  const auto policy = policy_of({{"policy", "three_augment"}});
  const json parts = {
      {{"name", "grayscale"}}, {{"name", "solarize"}}, {{"name", "gaussian_blur_pillow"}}};
  const auto chain = policy_of({{"operations",
                                 {{{"name", "one_of"}, {"operations", parts}},
                                  {{"name", "color_jitter"},
                                   {"brightness", 0.3},
                                   {"contrast", 0.3},
                                   {"saturation", 0.3}}}}});
  for (std::uint64_t sample = 0; sample < 200; ++sample) {
    Random random = numbers_of(sample), other = numbers_of(sample);
    const auto steps = policy->draw({32, 32}, random), expected = chain->draw({32, 32}, other);
    REQUIRE(steps.size() == 4);
    REQUIRE(expected.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(steps[i].operation == expected[i].operation);
      CHECK(steps[i].magnitude == expected[i].magnitude);
    }
  }
}

TEST_CASE("options of timm's RandAugment and of 3-Augment hold to the ends") {
  CHECK_THROWS_AS(TimmRandAugment({.fill = {0, 0, 256}}), ConfigError);
  const auto none =
      policy_of({{"policy", "three_augment"}, {"three_augment", {{"color_jitter", 0.0}}}});
  for (const bool increasing : {true, false}) {
    const auto policy = policy_of({{"policy", "timm_rand_augment"},
                                   {"timm_rand_augment",
                                    {{"magnitude", 30},
                                     {"max_magnitude", 30},
                                     {"magnitude_std", 0},
                                     {"increasing", increasing},
                                     {"num_ops", 6},
                                     {"prob", 1.0}}}});
    for (std::uint64_t sample = 0; sample < 100; ++sample) {  // no magnitude is refused
      Random random = numbers_of(sample);
      CHECK(policy->draw({32, 32}, random).size() == 6);
    }
  }
  Random random = numbers_of(1);
  CHECK(none->draw({32, 32}, random).size() == 1);
}
