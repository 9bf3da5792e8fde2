// Several images of one: crops of evaluation against torchvision's (transforms_reference.py), views
// of training, and both in the loader.
#include "loaded.h"

#include <imgcls/augment/policies.h>
#include <imgcls/augment/training_plan.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/error.h>

#include <catch2/catch.hpp>
#include <set>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::digest;
using support::make_image;
using support::Stream;

namespace {

/// 30 made-up images.
class MadeSource final : public Source {
 public:
  explicit MadeSource(int narrow = 40) : narrow_(narrow) {}

  std::size_t size() const override { return 30; }
  std::int64_t label(std::size_t index) const override {
    return static_cast<std::int64_t>(index % 3);
  }
  Sample read(std::size_t index) const override {
    return make_image(index == 7 ? narrow_ : 40 + static_cast<int>(index % 5), 50);
  }
  std::string name(std::size_t index) const override { return fmt::format("made-{}", index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "made"; }

 private:
  int narrow_;
  std::vector<std::string> classes_ = {"a", "b", "c"};
};

std::vector<std::string> digests(std::span<const std::uint8_t> pixels, std::size_t bytes) {
  std::vector<std::string> all;
  for (; !pixels.empty(); pixels = pixels.subspan(bytes))
    all.push_back(digest(pixels.first(bytes)));
  return all;
}

LoaderOptions loading(std::variant<AugmentOptions, EvalOptions> transform, int rank = 0,
                      int world = 1) {
  return {.batch = 6,
          .rank = rank,
          .world = world,
          .threads = 2,
          .seed = 5,
          .transform = std::move(transform)};
}

AugmentOptions augmenting(int views, const std::string& policy = "augmix") {
  return {.size = 20, .policy = policy, .views = views};
}

/// Each view's digest, by sample.
std::vector<std::vector<std::string>> views_of_samples(const AugmentOptions& options) {
  Loader loader(std::make_shared<MadeSource>(), loading(options));
  loader.start(1);
  std::vector<std::vector<std::string>> all(30);
  const std::size_t bytes = std::size_t{3} * 20 * 20;
  while (const Batch* batch = loader.next()) {
    CHECK(batch->views == options.views);
    CHECK(batch->labels.size() == batch->size);
    const auto made = digests(batch->images, bytes);
    const auto views = static_cast<std::size_t>(batch->views);
    REQUIRE(made.size() == batch->size * views);
    for (std::size_t i = 0; i < batch->size; ++i) {
      const auto first = made.begin() + static_cast<std::ptrdiff_t>(i * views);
      all.at(batch->samples[i]) = {first, first + static_cast<std::ptrdiff_t>(views)};
    }
  }
  return all;
}

}  // namespace

TEST_CASE("five and ten crops are torchvision's, bit for bit") {
  std::size_t tested = 0;
  for (const auto& test : support::reference("several_crops")) {
    INFO(test.dump());
    const Image image = make_image(test["image"][0], test["image"][1]);
    const EvalOptions options{.size = test["size"],
                              .resize = test["resize"],
                              .interpolation = test["interpolation"] == "bicubic"
                                                   ? Interpolation::bicubic
                                                   : Interpolation::bilinear,
                              .crops = test["crops"]};
    const auto bytes = std::size_t{3} * static_cast<std::size_t>(options.size) * options.size;
    std::vector<std::uint8_t> output(bytes * static_cast<std::size_t>(options.crops));
    apply(plan_eval(image.size, options), image, output);
    CHECK(nlohmann::json(digests(output, bytes)) == test["pixels"]);
    ++tested;
  }
  CHECK(tested == 84);
}

TEST_CASE("the loader makes the crops that a plan says, on any number of threads and ranks") {
  for (const Interpolation interpolation :
       {Interpolation::bilinear, Interpolation::bilinear_no_antialias}) {
    const EvalOptions options{
        .size = 20, .resize = 24, .interpolation = interpolation, .crops = 10};
    const MadeSource source;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < source.size(); ++i) {
      const Image image = std::get<Image>(source.read(i));
      std::vector<std::uint8_t> output(std::size_t{10} * 20 * 20 * 3);
      apply(plan_eval(image.size, options), image, output);
      expected.push_back(fmt::format("{} {} {}", i, source.label(i), digest(output)));
    }
    for (const int world : {1, 2, 3}) {
      std::vector<std::string> seen(expected.size());
      for (int rank = 0; rank < world; ++rank) {
        LoaderOptions each = loading(options, rank, world);
        each.threads = world;
        std::size_t batch = static_cast<std::size_t>(rank);
        for (const auto& lines : support::stream(std::make_shared<MadeSource>(), each)) {
          for (std::size_t i = 0; i < lines.size(); ++i) seen.at(batch * 6 + i) = lines[i];
          batch += static_cast<std::size_t>(world);
        }
      }
      CHECK(seen == expected);
    }
  }
}

TEST_CASE("of the views the first is not augmented, and the second as a single one would be") {
  const auto clean = views_of_samples(augmenting(1, "none"));
  const auto single = views_of_samples(augmenting(1)), views = views_of_samples(augmenting(4));
  std::set<std::string> different;
  for (std::size_t i = 0; i < views.size(); ++i) {
    REQUIRE(views[i].size() == 4);
    CHECK(views[i][0] == clean[i][0]);
    CHECK(views[i][1] == single[i][0]);
    different.insert(views[i].begin(), views[i].end());
  }
  CHECK(different.size() > 110);  // a mix may leave an image as it is

  AugmentOptions chain = augmenting(2, "none");
  chain.operations = {{.name = "invert"}};
  const auto inverted = views_of_samples(chain);
  for (std::size_t i = 0; i < inverted.size(); ++i) {
    CHECK(inverted[i][0] == clean[i][0]);
    CHECK(inverted[i][1] != clean[i][0]);
  }
}

TEST_CASE("views do not depend on threads or ranks, and their plan is the loader's") {
  AugmentOptions options = augmenting(3, "rand_augment");
  for (const CropKind crop : {CropKind::random_resized, CropKind::pad}) {
    options.crop = crop;
    const auto source = std::make_shared<MadeSource>();
    const Stream expected = support::stream(source, loading(options), 2);
    REQUIRE(expected.size() == 5);
    for (const int world : {1, 2, 3}) {
      Stream joined(expected.size());
      for (int rank = 0; rank < world; ++rank) {
        LoaderOptions each = loading(options, rank, world);
        each.threads = world;
        const Stream share = support::stream(source, each, 2);
        for (std::size_t i = 0; i < share.size(); ++i) {
          joined.at(i).insert(joined[i].end(), share[i].begin(), share[i].end());
        }
      }
      CHECK(joined == expected);
    }
    const auto policy = make_policy(options);
    std::set<std::string> planned;
    for (std::size_t i = 0; i < source->size(); ++i) {
      const Image image = std::get<Image>(source->read(i));
      std::vector<std::uint8_t> output(std::size_t{3} * 20 * 20 * 3);
      const ImageDraw draw{.seed = 5, .epoch = 2, .sample = i};
      apply(plan_training(image.size, options, policy.get(), draw), image, output);
      planned.insert(fmt::format("{} {} {}", i, source->label(i), digest(output)));
    }
    for (const auto& batch : expected) {
      for (const std::string& line : batch) CHECK(planned.contains(line));
    }
  }
}

TEST_CASE("crops and views that cannot be are refused in a line that says what would be right") {
  const auto made = [](std::variant<AugmentOptions, EvalOptions> transform) {
    Loader(std::make_shared<MadeSource>(), loading(std::move(transform)));
  };
  CHECK_THROWS_WITH(made(EvalOptions{.crops = 3}),
                    Contains("3 crops of an image cannot be made; expected 1, 5 or 10"));
  CHECK_THROWS_WITH(made(augmenting(0)), Contains("views must be at least 1, not 0"));
  CHECK_THROWS_WITH(made(augmenting(3, "none")),
                    Contains("views must be 1, not 3, without a policy or operations"));
  AugmentOptions options;
  CHECK_THROWS_WITH(read_augment({{"views", 2}}, options), Contains("views must be 1, not 2"));
  read_augment({{"views", 2}, {"policy", "augmix"}}, options);
  CHECK(options.views == 2);
  CHECK(write_augment(options).at("views") == 2);

  CHECK_THROWS_WITH(plan_eval({30, 19}, {.size = 20, .resize = 0, .crops = 5}),
                    Contains("an image of 30 x 19 pixels is smaller than the 5 crops of 20 x 20") &&
                        Contains("eval.resize must be at least 20"));
  CHECK_THROWS_WITH(plan_eval({20, 60000}, {.size = 224, .resize = 1000, .crops = 10}),
                    Contains("1000 x 3000000 pixels is too large for several crops"));
}

TEST_CASE("an image that is too small for several crops is left out where broken ones are") {
  LoaderOptions options = loading(EvalOptions{.size = 40, .resize = 0, .crops = 5});
  options.on_error = OnError::skip;
  Loader loader(std::make_shared<MadeSource>(/*narrow=*/39), options);
  loader.start(0);
  std::size_t left_out = 0;
  while (const Batch* batch = loader.next()) {
    for (const std::int64_t label : batch->labels) left_out += label == kSkippedLabel ? 1 : 0;
  }
  CHECK(left_out == 1);
  CHECK(loader.skipped() == 1);
  CHECK_THAT(loader.skipped_messages().at(0), Contains("39 x 50 pixels is smaller"));
}
