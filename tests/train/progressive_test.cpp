// Training images that grow over the epochs.
#include <imgcls/augment/rand_augment.h>
#include <imgcls/augment/timm_rand_augment.h>
#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/recipe/growing_dropout.h>
#include <imgcls/train/recipe/mixes.h>
#include <imgcls/train/run_sink.h>

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

train::RunOptions options_of(std::vector<std::string> changes) {
  changes.insert(changes.begin(), {"data.root=photos", "model.name=resnet18"});
  return train::run_options(Config::load(changes));
}

}  // namespace

TEST_CASE("images have the sides that FFCV's get_resolution gives") {
  // The first epoch of each side, of `int(np.round(np.interp(...) / 32)) * 32`.
  const auto begins = [](const train::ProgressiveOptions& options, int last, int side) {
    std::uint32_t epoch = 0;
    while (train::side_at(options, last, epoch) != side && epoch < 1000) ++epoch;
    return epoch;
  };
  const train::ProgressiveOptions rn50_16{.size = 160, .begin = 11, .end = 13};
  CHECK(begins(rn50_16, 192, 160) == 0);
  CHECK(begins(rn50_16, 192, 192) == 12);  // 5.5 times 32 goes to 6
  const train::ProgressiveOptions rn50_40{.size = 160, .begin = 34, .end = 39};
  CHECK(begins(rn50_40, 192, 192) == 37);
  const train::ProgressiveOptions wide{.size = 128, .begin = 10, .end = 60};
  CHECK(begins(wide, 224, 160) == 19);
  CHECK(begins(wide, 224, 192) == 35);
  CHECK(begins(wide, 224, 224) == 52);
  CHECK(train::side_at({}, 224, 0) == 224);
  // Sides that are no multiples are the first and the last all the same.
  const train::ProgressiveOptions odd{.size = 100, .begin = 1, .end = 3, .multiple = 64};
  CHECK(train::side_at(odd, 150, 1) == 100);
  CHECK(train::side_at(odd, 150, 2) == 128);
  CHECK(train::side_at(odd, 150, 3) == 150);
}

TEST_CASE("a run with growing images resumes to the same bits") {
  const test::TempFolder folder;
  train::RunOptions options = test::toy_options(folder / "straight");
  options.epochs = 4;
  options.augment = {.size = 12, .crop = data::CropKind::none, .flip = 0};
  options.progressive = {.size = 6, .begin = 0, .end = 2, .multiple = 3};
  std::vector<int> sides;
  class Sides final : public train::RunSink {
   public:
    explicit Sides(std::vector<int>& sides) : sides_(sides) {}
    std::filesystem::path file() const override { return "sides"; }
    void first_batch(const data::Batch& batch, std::int64_t) override {
      sides_.push_back(batch.side);
    }

   private:
    std::vector<int>& sides_;
  };
  options.sinks = {[&](const train::SinkContext&) { return std::make_unique<Sides>(sides); }};
  const train::TrainResult straight = test::train_toy(options);
  options.folder = folder / "parts";
  for (const std::int64_t stop : {2, 6, 9, 0}) {
    options.max_steps = stop;
    test::train_toy(options);
  }
  // The first batches of five sessions: of epochs 0, 0, 0, 1 and 2.
  const std::vector<int> expected{6, 6, 6, 9, 12};
  CHECK(sides == expected);
  const auto step = straight.checkpoint.filename();
  for (const char* file : {"weights.safetensors", "optimizer.safetensors"}) {
    const bool same = read_file(straight.checkpoint / file) ==
                      read_file(folder / "parts/checkpoints" / step / file);
    CHECK(same);
  }
}

TEST_CASE("what grows by steps and by epochs ends at its last value") {
  const train::ProgressiveOptions by_epoch{.begin = 2, .end = 6};
  CHECK(train::growth_at(by_epoch, 0) == 0);
  CHECK(train::growth_at(by_epoch, 3) == 0.25);
  CHECK(train::growth_at(by_epoch, 6) == 1);
  const train::ProgressiveOptions by_stage{.begin = 2, .end = 6, .stages = 2};
  CHECK(train::growth_at(by_stage, 3) == 0);
  CHECK(train::growth_at(by_stage, 4) == 1);
  CHECK(train::value_at(by_stage, train::ProgressiveOptions::kNone, 7, 0) == 7);

  data::AugmentOptions last;
  last.policy = "rand_augment";
  last.policy_options = data::RandAugmentOptions{.num_ops = 3, .magnitude = 10};
  const train::ProgressiveOptions stronger{.begin = 0, .end = 4, .magnitude = 5};
  const auto now = OwnFields::own_options<data::RandAugmentOptions>(
      train::augment_at(stronger, last, 1).policy_options);
  CHECK(now.magnitude == 6);  // 6.25
  CHECK(now.num_ops == 3);
  last.policy = "timm_rand_augment";
  last.policy_options = data::TimmRandAugmentOptions{.magnitude = 10};
  CHECK(OwnFields::own_options<data::TimmRandAugmentOptions>(
            train::augment_at(stronger, last, 1).policy_options)
            .magnitude == 6.25);
}

TEST_CASE("mixup's alpha grows, from none at all") {
  const auto mixer = train::make_mixer({.kinds = {"mixup"},
                                        .by = train::MixBy::element,
                                        .own = {{"mixup", train::MixupOptions{.alpha = 1000}}}},
                                       {.begin = 0, .end = 2, .mixup_alpha = 0});
  const auto shares_in = [&](std::uint32_t epoch) {
    mixer->begin_epoch(epoch);
    train::TrainBatch batch;
    batch.images = at::ones({64, 3, 2, 2});
    batch.targets.labels = at::zeros({64}, at::kLong);
    mixer->before_forward({.seed = 3}, batch);
    return batch.targets.shares;
  };
  CHECK(shares_in(0).eq(1).all().item<bool>());
  // The standard deviations of Beta(500, 500) and Beta(1000, 1000) are 0.0158 and 0.0112.
  CHECK(shares_in(1).std().item<double>() == Approx(0.0158).epsilon(0.3));
  CHECK(shares_in(2).std().item<double>() == Approx(0.0112).epsilon(0.3));
  CHECK_FALSE(shares_in(1).equal(shares_in(2)));
}

TEST_CASE("dropout grows in each layer that has some") {
  const models::Model model = test::toy_model();
  const auto& dropout = *model.module().named_modules()["dropout"]->as<torch::nn::Dropout>();
  REQUIRE(dropout.options.p() == 0.2);
  const auto growing = train::make_growing_dropout({.begin = 0, .end = 2, .dropout = 0.1}, model);
  std::uint32_t epoch = 0;
  for (const double expected : {0.1, 0.15, 0.2, 0.2}) {
    growing->begin_epoch(epoch++);
    CHECK(dropout.options.p() == Approx(expected));
  }
  CHECK_THROWS_WITH(train::make_growing_dropout({.dropout = 0.3}, model),
                    Contains("progressive.dropout must be at most the model's dropout of 0.2"));
  CHECK_THROWS_WITH(
      train::make_growing_dropout({.dropout = 0.1},
                                  models::create("squeezenet1_1", {.dropout = 0.0})),
      Contains("progressive.dropout=0.1 needs a model with dropout above 0 to grow to"));
  CHECK(train::make_growing_dropout({}, model) == nullptr);
}

TEST_CASE("a run with all that grows resumes to the same bits") {
  const test::TempFolder folder;
  train::RunOptions options = test::toy_options(folder / "straight");
  options.epochs = 4;
  options.augment.policy = "timm_rand_augment";
  options.mix.kinds = {"mixup", "cutmix"};
  options.progressive = {
      .begin = 0, .end = 4, .stages = 3, .magnitude = 1, .mixup_alpha = 0, .dropout = 0.1};
  const auto weights = [](const train::TrainResult& run) {
    return read_file(run.checkpoint / "weights.safetensors");
  };
  const auto straight = weights(test::train_toy(options));
  options.folder = folder / "parts";
  for (const std::int64_t stop : {2, 4, 9}) {
    options.max_steps = stop;
    test::train_toy(options);
  }
  options.max_steps = 0;
  const bool same = weights(test::train_toy(options)) == straight;
  CHECK(same);
  // And each of them is done.
  for (double train::ProgressiveOptions::*each :
       {&train::ProgressiveOptions::magnitude, &train::ProgressiveOptions::mixup_alpha,
        &train::ProgressiveOptions::dropout}) {
    train::RunOptions without = options;
    without.progressive.*each = train::ProgressiveOptions::kNone;
    without.folder = folder / "without";
    const bool other = weights(test::train_toy(without)) != straight;
    CHECK(other);
    std::filesystem::remove_all(without.folder);
  }
}

TEST_CASE("growing images that make no sense are refused, with the key") {
  CHECK(options_of({"progressive.size=160", "augment.size=192"}).progressive.size == 160);
  CHECK_THROWS_WITH(options_of({"progressive.size=256"}),
                    Contains("progressive.size must be at most augment.size=224, not 256"));
  CHECK_THROWS_WITH(options_of({"progressive.size=128", "augment.crop=pad"}),
                    Contains("progressive.size") && Contains("augment.crop=pad"));
  CHECK_THROWS_WITH(options_of({"progressive.size=128", "model.name=vit_b_16"}),
                    Contains("progressive.size") && Contains("vit_b_16"));
  CHECK_THROWS_WITH(options_of({"progressive.ramp=[5,2]"}), Contains("progressive.ramp"));
  CHECK_THROWS_WITH(options_of({"progressive.stages=1"}),
                    Contains("progressive.stages must be 0, or at least 2"));
  CHECK_THROWS_WITH(options_of({"progressive.magnitude=5"}),
                    Contains("progressive.magnitude=5 is for augment.policy=rand_augment or "
                             "timm_rand_augment, not for none"));
  CHECK_THROWS_WITH(options_of({"progressive.magnitude=12", "augment.policy=rand_augment"}),
                    Contains("progressive.magnitude must be at most the policy's magnitude=9"));
  CHECK_THROWS_WITH(options_of({"progressive.magnitude=-0.5", "augment.policy=rand_augment"}),
                    Contains("progressive.magnitude must be at least 0, or -1, not -0.5"));
  CHECK_THROWS_WITH(options_of({"progressive.mixup_alpha=0.1"}),
                    Contains("progressive.mixup_alpha=0.1 needs \"mixup\" in mix.kinds"));
  CHECK_THROWS_WITH(options_of({"progressive.mixup_alpha=0.5", "mix.kinds=[\"mixup\"]"}),
                    Contains("progressive.mixup_alpha must be at most mix.mixup.alpha=0.2"));
  CHECK_THROWS_WITH(options_of({"progressive.dropout=0.1"}),
                    Contains("progressive.dropout needs a model with dropout, and resnet18"));
  CHECK(
      options_of({"progressive.dropout=0.1", "model.name=efficientnet_v2_s"}).progressive.dropout ==
      0.1);
}
