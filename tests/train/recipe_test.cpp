// Mixing and erasing: what they do to images and targets, and what they depend on.
#include <imgcls/core/error.h>
#include <imgcls/train/recipe/class_weights.h>
#include <imgcls/train/recipe/draws.h>
#include <imgcls/train/recipe/erase.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/recipe/mix.h>
#include <imgcls/train/recipe/mixes.h>
#include <imgcls/train/recipe/recipe.h>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "../support/toy_net.h"
#include "../support/toy_source.h"
#include "../support/wrapped_source.h"

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t kImages = 12, kSide = 10;

/// Image i is i everywhere, of class i.
train::TrainBatch numbered(std::int64_t images = kImages) {
  const at::Tensor numbers = at::arange(images, at::kLong);
  return {.images = numbers.to(at::kFloat)
                        .view({-1, 1, 1, 1})
                        .expand({images, 3, kSide, kSide})
                        .contiguous(at::MemoryFormat::ChannelsLast),
          .targets = {.labels = numbers}};
}

train::TrainBatch part(const train::TrainBatch& whole, std::int64_t start, std::int64_t length) {
  return {.images = whole.images.narrow(0, start, length).clone(),
          .targets = whole.targets.narrow(start, length)};
}

void expect_equal(const train::TrainBatch& one, const train::TrainBatch& other) {
  CHECK(one.images.equal(other.images));
  REQUIRE(one.targets.is_mixed() == other.targets.is_mixed());
  if (!one.targets.is_mixed()) return;
  CHECK(one.targets.partners.equal(other.targets.partners));
  CHECK(one.targets.shares.equal(other.targets.shares));
}

/// The same batch on one rank, and on three that each mix their part.
void check_ranks_change_nothing(train::Ingredient& ingredient) {
  for (std::int64_t step = 0; step < 20; ++step) {
    train::TrainBatch whole = numbered();
    ingredient.before_forward({.seed = 5, .step = step}, whole);
    for (std::int64_t first = 0; first < kImages; first += 4) {
      train::TrainBatch mine = part(numbered(), first, 4);
      ingredient.before_forward({.seed = 5, .step = step, .first = first}, mine);
      expect_equal(mine, part(whole, first, 4));
    }
  }
}

/// What each image's mean tells of its number: own share times own number, and so on.
at::Tensor means(const train::TrainBatch& batch) {
  return batch.images.mean({1, 2, 3});
}

at::Tensor means_by_targets(const train::TrainBatch& batch) {
  const train::Targets& t = batch.targets;
  return t.labels.mul(t.shares).add(t.partners.mul(t.shares.neg().add(1)));
}

}  // namespace

TEST_CASE("mixed images are what their targets say, and a pair is mixed both ways") {
  for (const auto by : {train::MixBy::batch, train::MixBy::pair}) {
    for (const char* kind : {"mixup", "cutmix", "resize_mix"}) {
      const auto mixer = train::make_mixer({.kinds = {kind}, .by = by});
      for (std::int64_t step = 0; step < 30; ++step) {
        INFO(kind << ", step " << step);
        train::TrainBatch batch = numbered();
        mixer->before_forward({.seed = 1, .step = step}, batch);
        REQUIRE(batch.targets.is_mixed());
        CHECK(at::allclose(means(batch), means_by_targets(batch), 1e-4, 1e-4));
        for (std::int64_t i = 0; i < kImages; ++i) {
          CHECK(batch.targets.partners[i].item<std::int64_t>() == (i ^ 1));
          CHECK(batch.targets.shares[i].equal(batch.targets.shares[i ^ 1]));
        }
        CHECK(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
  }
}

TEST_CASE("by element, each image has a share and a kind of its own, and the same partner") {
  int with_others_share = 0, mixed = 0, boxes = 0;
  const auto mixer = train::make_mixer({.kinds = {"mixup", "cutmix"},
                                        .prob = 0.5,
                                        .by = train::MixBy::element,
                                        .own = {{"mixup", train::MixupOptions{.alpha = 4}}}});
  for (std::int64_t step = 0; step < 200; ++step) {
    train::TrainBatch batch = numbered();
    mixer->before_forward({.seed = 1, .step = step}, batch);
    REQUIRE(batch.targets.is_mixed());
    CHECK(at::allclose(means(batch), means_by_targets(batch), 1e-4, 1e-4));
    CHECK(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    for (std::int64_t i = 0; i < kImages; ++i) {
      CHECK(batch.targets.partners[i].item<std::int64_t>() == (i ^ 1));
      const at::Tensor share = batch.targets.shares[i], image = batch.images[i];
      if (share.item<float>() == 1) continue;
      ++mixed;
      boxes += image.eq(i).logical_or(image.eq(i ^ 1)).all().item<bool>() ? 1 : 0;
      with_others_share += share.equal(batch.targets.shares[i ^ 1]) ? 1 : 0;
    }
  }
  // A box without a pixel leaves a share of 1: it is not counted as mixed.
  CHECK(std::abs(mixed - 1170) < 120);
  CHECK(std::abs(boxes - mixed / 2) < 90);
  CHECK(with_others_share < 40);  // cutmix has few shares on 100 pixels
}

TEST_CASE("neither ranks nor other steps change how images are mixed or erased") {
  for (const auto by : {train::MixBy::batch, train::MixBy::pair, train::MixBy::element}) {
    check_ranks_change_nothing(
        *train::make_mixer({.kinds = {"mixup", "cutmix", "resize_mix"}, .prob = 0.7, .by = by}));
  }
  for (const auto with :
       {train::EraseWith::zero, train::EraseWith::colour, train::EraseWith::noise}) {
    check_ranks_change_nothing(*train::make_eraser({.prob = 0.5, .with = with}));
  }
}

TEST_CASE("mixing happens as often as it is told to, each kind alike") {
  const auto mixer = train::make_mixer({.kinds = {"mixup", "cutmix"}, .prob = 0.5});
  int mixed = 0, boxes = 0;
  for (std::int64_t step = 0; step < 2000; ++step) {
    train::TrainBatch batch = numbered(2);
    mixer->before_forward({.seed = 3, .step = step}, batch);
    if (!batch.targets.is_mixed()) continue;
    ++mixed;
    const at::Tensor image = batch.images[0];
    boxes += image.eq(0).logical_or(image.eq(1)).all().item<bool>() ? 1 : 0;
  }
  CHECK(std::abs(mixed - 1000) < 100);  // four standard deviations are 89
  // Mixup with a share that rounds to 0 or 1 looks like a box: Beta(0.2, 0.2) gives such ones.
  CHECK(boxes > mixed / 2 - 70);
  CHECK(boxes < mixed * 2 / 3 + 70);
}

TEST_CASE("shares have the mean and variance of their distribution") {
  for (const double alpha : {0.1, 0.2, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      Random random = train::draws_of({.seed = 9, .step = i}, 0, RandomStream::mix);
      const double share = beta(random, alpha, alpha);
      REQUIRE(share >= 0);
      REQUIRE(share <= 1);
      sum += share, squares += share * share;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    INFO("alpha " << alpha);
    CHECK(mean == Approx(0.5).margin(0.015));
    CHECK(variance == Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.05));
  }
}

TEST_CASE("a rectangle is erased in as many images as it is told to, and of the area it is told") {
  const auto eraser = train::make_eraser({.prob = 0.25});
  int erased = 0;
  double area = 0;
  for (std::int64_t step = 0; step < 400; ++step) {
    train::TrainBatch batch = numbered(4);
    batch.images.add_(1);
    eraser->before_forward({.seed = 2, .step = step}, batch);
    for (std::int64_t i = 0; i < 4; ++i) {
      const double share = batch.images[i].eq(0).to(at::kFloat).mean().item<double>();
      if (share == 0) continue;
      ++erased, area += share;
      CHECK(share < 0.4);
    }
  }
  CHECK(std::abs(erased - 400) < 70);
  CHECK(area / erased == Approx(0.175).margin(0.03));
}

TEST_CASE("of an image's views the first is not erased, the others each by itself") {
  const auto eraser = train::make_eraser({.prob = 1});
  train::TrainBatch batch = numbered();
  batch.images.add_(1);
  batch.targets.views = 3;
  const train::TrainBatch before = part(batch, 0, kImages);
  eraser->before_forward({.seed = 2}, batch);
  for (std::int64_t i = 0; i < kImages; ++i) {
    CHECK(batch.images[i].equal(before.images[i]) == (i % 3 == 0));
  }
  CHECK_FALSE(batch.images[1].eq(0).equal(batch.images[2].eq(0)));
  CHECK(before.targets.views == 3);
}

TEST_CASE("unknown ingredients are named with the nearest known one") {
  CHECK_THROWS_WITH(train::make_mixer({.kinds = {"cutmax"}}),
                    Contains("mix.kinds") && Contains("did you mean \"cutmix\"?"));
  train::RunOptions options;
  options.loss.name = "crossentropy";
  CHECK_THROWS_WITH(train::Recipe(options, test::toy_model()),
                    Contains("loss.name") && Contains("cross_entropy"));
  options.loss = {.name = "bce", .own = train::PolyOptions{}};
  CHECK_THROWS_AS(train::Recipe(options, test::toy_model()), ConfigError);
}

namespace {

/// Four classes, of which the k-th has `images[k]` images.
class UnevenSource final : public test::WrappedSource {
 public:
  explicit UnevenSource(const std::vector<int>& images)
      : WrappedSource(std::make_shared<test::ToySource>(
            static_cast<std::size_t>(std::accumulate(images.begin(), images.end(), 0)), 1)) {
    for (std::size_t k = 0; k < images.size(); ++k) labels_.insert(labels_.end(), images[k], k);
  }
  std::int64_t label(std::size_t index) const override { return labels_.at(index); }

 private:
  std::vector<std::int64_t> labels_;
};

}  // namespace

TEST_CASE("factors of classes are counted from training data, and must be one for each class") {
  const UnevenSource source({1, 2, 5, 8});
  const auto weights = [&](const train::LossOptions& options) {
    const train::LossOptions made = train::with_class_weights(options, source);
    CHECK_FALSE(made.balanced);
    return made.class_weights;
  };
  CHECK(weights({}).empty());
  CHECK(weights({.class_weights = {1, 0, 3, 4}}) == std::vector<double>{1, 0, 3, 4});
  CHECK(weights({.balanced = true}) == std::vector<double>{4, 2, 0.8, 0.5});
  CHECK(weights({.class_weights = {1, 0, 3, 4}, .balanced = true}) ==
        std::vector<double>{4, 0, 3 * 0.8, 2});
  CHECK_THROWS_WITH(weights({.class_weights = {1, 2, 3}}),
                    "loss.class_weights must have a number for each of the 4 classes, in the order "
                    "of their names, not 3");
  CHECK_THROWS_WITH(weights({.class_weights = {0, 0, 0, 0}}), Contains("a number above 0"));
  CHECK_THROWS_WITH(train::with_class_weights({.balanced = true}, UnevenSource({3, 0, 1, 1})),
                    Contains("\"north-east\" has none"));
  CHECK_THROWS_AS(train::make_loss({.balanced = true}, at::kCPU), ConfigError);
}

TEST_CASE("with factors of classes, a loss is the mean of its parts, however a batch is cut") {
  at::manual_seed(3);
  const at::Tensor logits = at::randn({12, 4});
  // The parts' factors add up to other sums: PyTorch's own mean would weigh the parts otherwise.
  const train::Targets targets{.labels = at::arange(12, at::kLong).div(3, "floor")};
  for (const std::string& name : train::losses().names()) {
    const train::Loss loss =
        train::make_loss({.name = name, .class_weights = {0.1, 1, 2, 9}}, at::kCPU);
    const double whole = loss(logits, targets, 0.1).item<double>();
    for (const std::int64_t parts : {2, 3, 4}) {
      double sum = 0;
      for (std::int64_t i = 0; i < parts; ++i) {
        const std::int64_t size = 12 / parts;
        sum += loss(logits.narrow(0, i * size, size), targets.narrow(i * size, size), 0.1)
                   .item<double>();
      }
      INFO(name << " in " << parts << " parts");
      CHECK(sum / static_cast<double>(parts) == Approx(whole).epsilon(1e-6));
    }
    const double plain =
        train::make_loss({.name = name}, at::kCPU)(logits, targets, 0.1).item<double>();
    CHECK(whole != Approx(plain).epsilon(0.01));
  }
}

TEST_CASE("the weights that are trained come back also where an evaluation throws") {
  train::RunOptions options;
  options.average = {.name = "ema"};
  models::Model model = test::toy_model();
  train::Recipe recipe(options, model);
  recipe.after_update({.step = 0});
  const at::Tensor weight = model.parameters()[0].tensor.detach();
  const at::Tensor average = weight.clone();
  weight.add_(1);
  const at::Tensor trained = weight.clone();
  CHECK_THROWS_AS(recipe.with_weights_to_evaluate([&]() -> int {
    CHECK(weight.equal(average));
    throw std::runtime_error("an image cannot be read");
  }),
                  std::runtime_error);
  CHECK(weight.equal(trained));
}
