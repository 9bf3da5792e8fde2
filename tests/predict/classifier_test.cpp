#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/image/encode.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/predict/classifier.h>

#include <ATen/Context.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
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

  Classifier make(bool flip = false, int crops = 1) const {
    return Classifier({.model = "resnet9",
                       .weights = folder / "w.safetensors",
                       .classes = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}},
                       .transform = {.size = 32, .resize = 36, .crops = crops},
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

  const Classifier cropping = fixture.make(false, 10);
  const auto cropped = cropping.classify(files);
  CHECK(equal(cropped[0].top, cropping.classify(files[0])));
  CHECK(equal(cropped[3].top, cropping.classify(files[3])));
  CHECK_FALSE(equal(cropped[0].top, all[0].top));
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

TEST_CASE("predictions go by the logits: infinite ones, equal ones, and none with a NaN") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const Fixture fixture;
  const auto top_with_bias = [&](std::vector<float> bias) {
    auto weights = models::read_weights(fixture.folder / "w.safetensors");
    for (auto& [name, tensor] : weights) {
      if (name == "fc.weight") tensor = at::zeros_like(tensor);
      if (name == "fc.bias") tensor = at::tensor(bias);
    }
    models::write_weights(fixture.folder / "biased.safetensors", weights);
    const Classifier classifier({.model = "resnet9",
                                 .weights = fixture.folder / "biased.safetensors",
                                 .classes = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}}});
    const auto all = classifier.classify(fixture.files);
    CHECK(all.size() == 3);
    return all[1];
  };
  const auto labels = [&](std::vector<float> bias) {
    std::vector<std::int64_t> found;
    for (const Prediction& each : top_with_bias(std::move(bias)).top) found.push_back(each.label);
    return found;
  };
  using Labels = std::vector<std::int64_t>;
  CHECK(labels({1, 3, 3, 2}) == Labels{1, 2, 3, 0});
  CHECK(labels({0, 1e-9F, -1, 2e-9F}) == Labels{3, 1, 0, 2});  // equal in the softmax
  CHECK(labels({1, -kInf, kInf, kInf}) == Labels{2, 3, 0, 1});
  CHECK(std::isnan(top_with_bias({1, -kInf, kInf, 2}).top[0].probability));

  const Classified none = top_with_bias({1, std::numeric_limits<float>::quiet_NaN(), 0, 0});
  CHECK(none.top.empty());
  CHECK_THAT(none.error, Contains("1.png: the model gives a NaN"));
  const Classifier broken({.model = "resnet9",
                           .weights = fixture.folder / "biased.safetensors",
                           .classes = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}}});
  CHECK_THROWS_AS(broken.classify(fixture.files[0]), WeightsError);
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
