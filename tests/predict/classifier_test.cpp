#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/data/write_png.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/predict/classifier.h>

#include <ATen/Context.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

/// Four classes, weights of a seed, and three photos of noise.
struct Fixture {
  Fixture() {
    at::manual_seed(5);
    const models::Model model = models::create("resnet9", {.classes = 4});
    models::write_weights(folder / "w.safetensors", models::state(model));
    for (int i = 0; i < 3; ++i) {
      data::Image image{{40 + i, 36}, {}};
      for (int k = 0; k < image.size.width * image.size.height * 3; ++k) {
        image.pixels.push_back(static_cast<std::uint8_t>(k * (i + 7) % 251));
      }
      files.push_back(folder / (std::to_string(i) + ".png"));
      data::write_png(image, files.back());
    }
  }

  Classifier make(bool flip = false) const {
    return Classifier({.model = "resnet9",
                       .weights = folder / "w.safetensors",
                       .classes = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}},
                       .flip = flip});
  }

  test::TempFolder folder;
  std::vector<std::filesystem::path> files;
};

bool equal(const std::vector<Prediction>& a, const std::vector<Prediction>& b) {
  return std::ranges::equal(a, b, [](const Prediction& x, const Prediction& y) {
    return x.label == y.label && x.probability == Approx(y.probability).epsilon(1e-4);
  });
}

}  // namespace

TEST_CASE("a classifier gives the most probable classes, which add up to one") {
  const Fixture fixture;
  const Classifier classifier = fixture.make();
  const auto top = classifier.classify(fixture.files[0]);
  REQUIRE(top.size() == 4);  // fewer than five classes
  float sum = 0;
  for (std::size_t i = 0; i < top.size(); ++i) {
    sum += top[i].probability;
    if (i > 0) CHECK(top[i].probability <= top[i - 1].probability);
  }
  CHECK(sum == Approx(1));
  CHECK(classifier.classify(fixture.files[0], 1).size() == 1);
}

TEST_CASE("many images at once, and an image and its mirror image, are classified alike") {
  const Fixture fixture;
  const Classifier classifier = fixture.make();
  auto files = fixture.files;
  files.insert(files.begin() + 1, fixture.folder / "absent.png");
  const auto all = classifier.classify(files);
  CHECK_THAT(all[1].error, Contains("absent.png"));
  CHECK(all[1].top.empty());
  CHECK(equal(all[0].top, classifier.classify(files[0])));
  CHECK(equal(all[2].top, classifier.classify(files[2])));
  CHECK(equal(all[3].top, classifier.classify(files[3])));
  CHECK(classifier.classify(std::span<const std::filesystem::path>()).empty());

  const Classifier flipping = fixture.make(true);
  CHECK_FALSE(equal(flipping.classify(files[0]), classifier.classify(files[0])));
}

TEST_CASE("threads share a classifier") {
  const Fixture fixture;
  const Classifier classifier = fixture.make();
  std::vector<std::vector<Prediction>> expected;
  for (const auto& file : fixture.files) expected.push_back(classifier.classify(file));
  std::array<bool, 2> good = {true, true};
  const auto work = [&](std::size_t thread) {
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < fixture.files.size(); ++i) {
        good[thread] = good[thread] && equal(classifier.classify(fixture.files[i]), expected[i]);
      }
    }
  };
  { const std::jthread first(work, 0), second(work, 1); }
  CHECK(good[0]);
  CHECK(good[1]);
}

TEST_CASE("a classifier refuses what does not fit") {
  const Fixture fixture;
  CHECK_THROWS_AS(Classifier({.model = "resnet9", .weights = fixture.folder / "w.safetensors"}),
                  WeightsError);  // four classes, not a thousand
  CHECK_THROWS_AS(Classifier({.model = "resnet10", .weights = ""}), ConfigError);
  CHECK_THROWS_AS(Classifier::from_run(fixture.folder.path()), CheckpointError);
  const std::string text = fixture.folder.write("no.jpg", "no image");
  CHECK_THROWS_AS(fixture.make().classify(text), DataError);
}
