// Augmentation policies against torchvision's, fed the same random numbers
// (pixel_ops_reference.py), and in the loader.
#include "drawn_steps.h"
#include "made_images.h"

#include <imgcls/augment/auto_augment.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/rand_augment.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/augment/trivial_augment_wide.h>
#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>

#include <fmt/format.h>

#include <bit>
#include <catch2/catch.hpp>
#include <map>
#include <utility>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using nlohmann::json;
using support::digest;
using support::made_image;
using support::numbers_of;

namespace {

AugmentOptions with_policy(const std::string& name, const json& own) {
  AugmentOptions options;
  read_augment({{"policy", name}, {name, own}}, options);
  return options;
}

/// Steps as the script writes them into its digest.
void append(const std::vector<PixelStep>& steps, std::vector<std::uint8_t>& text) {
  for (const PixelStep& step : steps) {
    const std::string& name = step.operation->name;
    text.insert(text.end(), name.begin(), name.end());
    const auto bits = std::bit_cast<std::array<std::uint8_t, 8>>(step.magnitude);
    text.insert(text.end(), bits.begin(), bits.end());
  }
  text.push_back('\n');
}

json to_json(const std::vector<PixelStep>& steps) {
  json all = json::array();
  for (const PixelStep& step : steps) all.push_back({step.operation->name, step.magnitude});
  return all;
}

/// 40 images of 9 classes' sizes.
class MadeSource final : public Source {
 public:
  std::size_t size() const override { return 40; }
  std::int64_t label(std::size_t /*index*/) const override { return 0; }
  Sample read(std::size_t index) const override {
    return support::make_image(30 + static_cast<int>(index % 7), 40);
  }
  std::string name(std::size_t index) const override { return fmt::format("made-{}", index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "made"; }

 private:
  std::vector<std::string> classes_ = {"one"};
};

using Images = std::map<std::uint64_t, std::string>;

/// Each sample's pixels in epoch 2.
Images loaded(LoaderOptions options) {
  Loader loader(std::make_shared<MadeSource>(), std::move(options));
  loader.start(2, 0);
  Images all;
  while (const Batch* batch = loader.next()) {
    const std::size_t bytes = static_cast<std::size_t>(batch->side) * batch->side * 3;
    for (std::size_t i = 0; i < batch->size; ++i) {
      all[batch->samples[i]] = digest(std::span(batch->images).subspan(i * bytes, bytes));
    }
  }
  return all;
}

LoaderOptions loading(const AugmentOptions& augment, int rank = 0, int world = 1) {
  return {.batch = 8,
          .rank = rank,
          .world = world,
          .threads = 1,
          .prefetch = 1,
          .seed = 7,
          .transform = augment};
}

}  // namespace

TEST_CASE("policies draw torchvision's steps and make its pixels") {
  for (const auto& test : support::pixel_reference("policies")) {
    INFO(test["policy"] << " " << test["options"] << " " << test["image"]);
    const auto policy = make_policy(with_policy(test["policy"], test["options"]));
    const Image image = made_image(test["image"]);
    for (std::size_t sample = 0; sample < test["first"].size(); ++sample) {
      Random random = numbers_of(sample);
      CHECK(to_json(policy->draw(image.size, random)) == test["first"][sample]);
    }
    std::vector<std::uint8_t> steps, pixels, spare;
    for (std::uint64_t sample = 0; sample < 1000; ++sample) {
      Random random = numbers_of(sample);
      append(policy->draw(image.size, random), steps);
    }
    CHECK(digest(steps) == test["steps"]);
    for (std::uint64_t sample = 0; sample < test["samples"]; ++sample) {
      Random random = numbers_of(sample);
      Image made = image;
      apply_steps(policy->draw(image.size, random), PixelCanvas(made.size, made.pixels, spare));
      pixels.insert(pixels.end(), made.pixels.begin(), made.pixels.end());
    }
    CHECK(digest(pixels) == test["pixels"]);
  }
}

TEST_CASE("the scales of magnitudes are torch.linspace's, bin by bin") {
  for (const auto& test : support::pixel_reference("scales")) {
    INFO(test["space"] << " " << test["bins"]);
    const PolicySpace space = test["space"] == "wide" ? wide_space() : moderate_space({224, 32});
    std::size_t with_scale = 0;
    for (const ScaledOperation& operation : space) {
      if (!operation.has_scale()) continue;
      ++with_scale;
      INFO(operation.name);
      const auto& values = test["values"].at(std::string(operation.name));
      for (std::size_t bin = 0; bin < values.size(); ++bin) {
        CHECK(operation.magnitude(static_cast<int>(bin), test["bins"]) == values[bin]);
      }
    }
    CHECK(with_scale == test["values"].size());
  }
}

TEST_CASE("a loader applies the policy after crop and flip, whoever makes the image") {
  for (const CropKind crop : {CropKind::random_resized, CropKind::pad}) {
    AugmentOptions augment = with_policy("rand_augment", {{"num_ops", 3}, {"magnitude", 20}});
    augment.size = 24;
    augment.crop = crop;
    const Images expected = loaded(loading(augment));
    REQUIRE(expected.size() == 40);

    for (const int threads : {2, 3}) {
      LoaderOptions options = loading(augment);
      options.threads = threads;
      options.prefetch = 4;
      CHECK(loaded(options) == expected);
    }
    Images ranks = loaded(loading(augment, 0, 2));
    ranks.merge(loaded(loading(augment, 1, 2)));
    CHECK(ranks == expected);

    const MadeSource source;
    const auto policy = make_policy(augment);
    AugmentOptions plain = augment;
    plain.policy = "none";
    const Images without = loaded(loading(plain));
    std::size_t changed = 0;
    for (const auto& [sample, pixels] : expected) {
      const Image image = std::get<Image>(source.read(sample));
      Random random(7, 2, sample, RandomStream::augment);
      Random drawn(7, 2, sample, RandomStream::policy);
      Image output{{24, 24}, std::vector<std::uint8_t>(24 * 24 * 3)};
      apply(plan_augment(image.size, plain, random), image, output.pixels);
      CHECK(digest(output.pixels) == without.at(sample));
      std::vector<std::uint8_t> spare;
      apply_steps(policy->draw(output.size, drawn), PixelCanvas(output.size, output.pixels, spare));
      CHECK(digest(output.pixels) == pixels);
      changed += pixels == without.at(sample) ? 0 : 1;
    }
    CHECK(changed > 30);
  }
}

TEST_CASE("a plan's steps are part of it") {
  const Image image = support::make_image(20, 20);
  AugmentOptions options;
  options.size = 16;
  Random random(1, 0, 0, RandomStream::augment);
  Plan plan = plan_augment(image.size, options, random);
  std::vector<std::uint8_t> plain(16 * 16 * 3), inverted(plain.size());
  apply(plan, image, plain);
  plan.steps.push_back(pixel_step("invert"));
  apply(plan, image, inverted);
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(plain[i] + inverted[i] == 255);
}

TEST_CASE("options of policies go both ways, and wrong ones are refused by name") {
  const json own{{"num_ops", 3},
                 {"magnitude", 5},
                 {"bins", 12},
                 {"fill", {1, 2, 3}},
                 {"interpolation", "bilinear"}};
  const AugmentOptions options = with_policy("rand_augment", own);
  CHECK(write_augment(options).at("rand_augment") == own);
  CHECK(write_augment(options).at("policy") == "rand_augment");
  CHECK(write_augment({}).count("rand_augment") == 0);
  CHECK(make_policy({}) == nullptr);

  CHECK_THROWS_WITH(with_policy("rand_augment", {{"bins", 10}, {"magnitude", 10}}),
                    Contains("rand_augment.magnitude must be below bins=10, not 10"));
  CHECK_THROWS_AS(RandAugment({.magnitude = 31}), ConfigError);
  CHECK_THROWS_AS(RandAugment({.magnitude = 0, .bins = 1}), ConfigError);
  CHECK_THROWS_AS(TrivialAugmentWide({.bins = 1}), ConfigError);
  CHECK_THROWS_AS(AutoAugment({.settings = {.fill = {0, 256, 0}}}), ConfigError);

  AugmentOptions wrong;
  wrong.policy = "rand_agument";
  CHECK_THROWS_WITH(
      make_policy(wrong),
      Contains("augment.policy: no \"rand_agument\"; did you mean \"rand_augment\"?"));
  CHECK_THROWS_AS(Loader(std::make_shared<MadeSource>(), loading(wrong)), ConfigError);
  wrong.policy = "auto_augment";
  wrong.policy_options = RandAugmentOptions{};
  CHECK_THROWS_WITH(make_policy(wrong), Contains("those of another ingredient"));
}
