// Chains of operations against torchvision's transforms, fed the same random numbers
// (chain_reference.py), and as configurations write them.
#include "drawn_steps.h"
#include "made_images.h"

#include <imgcls/augment/chain.h>
#include <imgcls/augment/one_of.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/random_blur.h>
#include <imgcls/augment/random_geometry.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/config.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using nlohmann::json;
using support::check_steps;
using support::digest;
using support::made_image;
using support::numbers_of;

namespace {

/// As a run reads them.
AugmentOptions configured(const json& operations) {
  const json text{{"model", {{"name", "resnet18"}}},
                  {"data", {{"root", "."}}},
                  {"augment", {{"operations", operations}}}};
  const Config config = Config::parse(text.dump(), "test.json");
  AugmentOptions options;
  read_augment(config.json().at("augment"), options);
  return options;
}

}  // namespace

TEST_CASE("chains take torchvision's steps and make its pixels") {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/chain_reference.json");
  std::size_t with_pixels = 0;
  for (const auto& test : json::parse(file)) {
    INFO(test["operations"] << " " << test["image"]);
    const auto chain = make_policy(configured(test["operations"]));
    const Image image = made_image(test["image"]);
    std::vector<std::uint8_t> pixels, spare;
    for (std::size_t sample = 0; sample < test["steps"].size(); ++sample) {
      INFO(sample);
      Random random = numbers_of(sample);
      const std::vector<PixelStep> steps = chain->draw(image.size, random);
      check_steps(steps, test["steps"][sample]);
      Image made = image;
      apply_steps(steps, PixelCanvas(made.size, made.pixels, spare));
      pixels.insert(pixels.end(), made.pixels.begin(), made.pixels.end());
    }
    if (test["pixels"].is_null()) continue;
    CHECK(digest(pixels) == test["pixels"]);
    ++with_pixels;
  }
  CHECK(with_pixels > 30);
}

TEST_CASE("every operation of a chain is done by its defaults, and written as it was read") {
  for (const std::string& name : chain_operations().names()) {
    INFO(name);
    json element{{"name", name}};
    if (name == "one_of") element["operations"] = {{{"name", "invert"}}};
    const AugmentOptions options = configured(json::array({element}));
    REQUIRE(options.operations.size() == 1);
    CHECK(options.operations[0].p == 1);
    const json written = write_augment(options).at("operations");
    CHECK(write_augment(configured(written)).at("operations") == written);
    const auto chain = make_policy(options);
    Random random = numbers_of(1);
    Image image = made_image({"noise", 16, 9});
    std::vector<std::uint8_t> spare;
    apply_steps(chain->draw(image.size, random), PixelCanvas(image.size, image.pixels, spare));
    for (const Size size : {Size{1, 1}, Size{1, 7}, Size{5, 1}}) {  // no operation refuses them
      Image small = made_image({"noise", size.width, size.height});
      apply_steps(chain->draw(size, random), PixelCanvas(size, small.pixels, spare));
    }
  }
}

TEST_CASE("operations follow the policy, from the same numbers") {
  AugmentOptions options = configured({{{"name", "solarize"}, {"p", 0.5}}});
  options.policy = "trivial_augment_wide";
  const auto both = make_policy(options);
  options.operations.clear();
  const auto policy = make_policy(options);
  int done = 0;
  for (std::uint64_t sample = 0; sample < 200; ++sample) {
    Random random = numbers_of(sample), other = numbers_of(sample);
    const auto steps = both->draw({32, 32}, random);
    const auto first = policy->draw({32, 32}, other);
    REQUIRE(steps.size() >= first.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      CHECK(steps[i].operation == first[i].operation);
      CHECK(steps[i].magnitude == first[i].magnitude);
    }
    const bool expected = static_cast<float>(other.uniform()) < 0.5F;
    CHECK((steps.size() == first.size() + 1) == expected);
    done += expected ? 1 : 0;
  }
  CHECK(done > 70);
  CHECK(done < 130);
}

TEST_CASE("a wrong chain is refused in a line that names place and value") {
  const auto refused = [](const char* text) -> std::string {
    try {
      make_policy(configured(json::parse(text)));
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  };
  CHECK_THAT(refused(R"([{"name": "colour_jitter"}])"),
             Contains("test.json:1: augment.operations[0].name: no \"colour_jitter\"; did you mean "
                      "\"color_jitter\"? Known: color_jitter, "));
  CHECK_THAT(refused(R"([{"name": "invert"}, {"name": "solarize", "p": 1.2}])"),
             Contains("augment.operations[1].p must be a number of at least 0 and at most 1, not "
                      "1.2"));
  CHECK_THAT(refused(R"([{"name": "solarize", "threshold": 300}])"),
             Contains("augment.operations[0].threshold must be a number of at least 0 and at most "
                      "256, not 300"));
  CHECK_THAT(refused(R"([{"p": 1}])"), Contains("missing key \"augment.operations[0].name\""));
  CHECK_THAT(refused(R"([{"name": 3}])"), Contains("operations[0].name must be a text, not 3"));
  CHECK_THAT(refused(R"(["invert"])"),
             Contains("augment.operations[0] must be an object {...}, not \"invert\""));
  CHECK_THAT(refused(R"([{"name": "solarize", "treshold": 3}])"),
             Contains("augment.operations[0].treshold") && Contains("did you mean") &&
                 Contains("threshold"));
  CHECK_THAT(refused(R"([{"name": "invert", "threshold": 3}])"), Contains("unknown key"));
  CHECK_THAT(refused(R"([{"name": "gaussian_blur", "kernel_size": 4}])"),
             Contains("operations[0].kernel_size must be an odd number of pixels, not 4"));
  CHECK_THAT(refused(R"([{"name": "gaussian_blur_pillow", "radius": [2, 1]}])"),
             Contains("operations[0].radius must be [smallest, largest], not [2, 1]"));
  CHECK_THAT(refused(R"([{"name": "one_of"}])"),
             Contains("operations[0].operations must name at least one operation"));
  CHECK_THAT(refused(R"([{"name": "one_of", "operations": [{"name": "posterise"}]}])"),
             Contains("operations[0].operations[0].name: no \"posterise\"; did you mean "
                      "\"posterize\"?"));
  CHECK_THAT(
      refused(R"([{"name": "one_of", "operations": [{"name": "invert"}], "weights": [1, 2]}])"),
      Contains("operations[0].weights must be 1 numbers, one for each operation, not 2"));
}

TEST_CASE("options in C++ that no operation can have are refused") {
  CHECK_THROWS_WITH(Chain({{.name = "invertt"}}), Contains("did you mean \"invert\"?"));
  CHECK_THROWS_WITH(Chain({{.name = "invert", .p = 1.5}}),
                    Contains("invert has a probability of 1.5; expected 0 to 1"));
  CHECK_THROWS_AS(RandomBlur({.kernel_size = 2}), ConfigError);
  CHECK_THROWS_AS(OneOf({}), ConfigError);
  CHECK_THROWS_AS(OneOf({.operations = {{.name = "invert"}}, .weights = {0}}), ConfigError);
  CHECK_THROWS_WITH(Chain({{.name = "solarize", .own = RandomBlurOptions{}}}),
                    Contains("another ingredient"));
}

TEST_CASE("of one_of's operations each is drawn as often as its weight says") {
  const auto policy = make_policy(configured(
      {{{"name", "one_of"},
        {"operations", {{{"name", "invert"}}, {{"name", "equalize"}}, {{"name", "grayscale"}}}},
        {"weights", {1, 0, 3}}}}));
  std::map<std::string, int> drawn;
  for (std::uint64_t sample = 0; sample < 2000; ++sample) {
    Random random = numbers_of(sample);
    ++drawn[policy->draw({8, 8}, random).at(0).operation->name];
  }
  CHECK(drawn.size() == 2);
  CHECK(drawn["invert"] > 420);
  CHECK(drawn["invert"] < 580);
}
