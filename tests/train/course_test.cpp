// What ends a run before its last epoch, and which weights are its best.
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/train/best.h>
#include <imgcls/train/run_sink.h>
#include <imgcls/train/run_weights.h>

#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"

using namespace imgcls;
using test::toy_options;
using test::train_toy;
using train::Best;
using train::Metric;

namespace {

/// Takes a second and more over one step.
class SlowSink final : public train::RunSink {
 public:
  std::filesystem::path file() const override { return "slow"; }
  void step(const report::StepRow& row) override {
    if (row.step == 3) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  }
};

nlohmann::json state(const std::filesystem::path& checkpoint) {
  return nlohmann::json::parse(read_text(checkpoint / "state.json"));
}

bool same_weights(const std::filesystem::path& a, const std::filesystem::path& b) {
  auto left = models::read_safetensors(a), right = models::read_safetensors(b);
  // What an average keeps besides.
  for (auto* each : {&left, &right}) {
    std::erase_if(*each, [](const auto& item) { return item.name == "n_averaged"; });
  }
  REQUIRE(left.size() == right.size());
  REQUIRE_FALSE(left.empty());
  return std::ranges::equal(left, right, [](const auto& one, const auto& other) {
    return one.name == other.name && at::equal(one.tensor, other.tensor);
  });
}

}  // namespace

TEST_CASE("the best of evaluations is the first of those that none surpasses") {
  Best best;
  CHECK(best.add(50, 10, Metric::acc1));
  CHECK_FALSE(best.add(50, 20, Metric::acc1));  // equal is no better
  CHECK_FALSE(best.add(40, 30, Metric::acc1));
  CHECK_FALSE(best.add(std::numeric_limits<double>::quiet_NaN(), 40, Metric::acc1));
  CHECK(best == Best{.step = 10, .metric = Metric::acc1, .value = 50, .since = 3});
  CHECK(best.add(51, 50, Metric::acc1));
  CHECK(best == Best{.step = 50, .metric = Metric::acc1, .value = 51, .since = 0});

  CHECK(best.add(2.5, 60, Metric::loss));  // another metric begins anew
  CHECK_FALSE(best.add(2.6, 70, Metric::loss));
  CHECK(best.add(2.4, 80, Metric::loss));
  CHECK(best == Best{.step = 80, .metric = Metric::loss, .value = 2.4, .since = 0});

  Best none;
  CHECK_FALSE(none.add(std::numeric_limits<double>::infinity(), 10, Metric::loss));
  CHECK(none.step == -1);
}

TEST_CASE("a run ends when its hours are over, and goes on with more of them") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "straight");
  const train::TrainResult straight = train_toy(options);
  REQUIRE(straight.position.step == 8);

  options.folder = folder / "short";
  options.log_every = 1;
  options.max_hours = 1.0 / 3600;
  options.sinks = {[](const train::SinkContext&) { return std::make_unique<SlowSink>(); }};
  const train::TrainResult ended = train_toy(options);
  CHECK(ended.position.step >= 1);
  CHECK(ended.position.step <= 3);
  CHECK(ended.stopped_by == 0);
  REQUIRE(ended.eval);  // what it has reached is evaluated
  CHECK(ended.eval->images == 50);
  CHECK(std::filesystem::exists(ended.checkpoint / "weights.safetensors"));
  CHECK(read_text(folder / "short/log.txt").find("train.max_hours") != std::string::npos);

  const train::TrainResult again = train_toy(options);  // nothing is left of them
  CHECK(again.position.step == ended.position.step);

  options.max_hours = 0;
  const train::TrainResult whole = train_toy(options);
  CHECK(whole.position.step == 8);
  CHECK(same_weights(whole.checkpoint / "weights.safetensors",
                     straight.checkpoint / "weights.safetensors"));
}

TEST_CASE("a run ends when its evaluations are no longer better") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.epochs = 60;
  options.patience = 2;
  options.eval.metric = Metric::acc1;
  options.checkpoint.keep = 100;
  options.checkpoint.best = true;
  const train::TrainResult result = train_toy(options);
  const Best best = result.position.best;
  REQUIRE(result.position.epoch < 60);
  CHECK(best.since == 2);
  CHECK(result.position.step == best.step + 2 * 4);  // an evaluation every four steps
  CHECK(read_text(folder / "run/log.txt").find("train.patience=2") != std::string::npos);

  SECTION("the best weights are those of the best evaluation") {
    CHECK(result.best == folder / "run/best/weights.safetensors");
    const auto at_best = folder / "run/checkpoints" / fmt::format("step-{:010}", best.step);
    CHECK(same_weights(result.best, at_best / "weights.safetensors"));
    CHECK_FALSE(same_weights(result.best, result.checkpoint / "weights.safetensors"));
    const auto told = nlohmann::json::parse(read_text(folder / "run/best/best.json"));
    CHECK(told.at("step") == best.step);
    CHECK(told.at("metric") == "acc1");
    CHECK(told.at("val_acc1") == best.value);
  }
  SECTION("another start finds nothing to do, one with more patience goes on") {
    CHECK(train_toy(options).position.step == result.position.step);
    options.patience = 3;
    CHECK(train_toy(options).position.step > result.position.step);
  }
  SECTION("a run that was stopped on the way ends at the same step") {
    options.folder = folder / "parts";
    for (const std::int64_t stop : {4, 12, 0}) {
      options.max_steps = stop;
      CHECK(train_toy(options).position.step == (stop > 0 ? stop : result.position.step));
    }
    const auto parts = folder / "parts/checkpoints" / result.checkpoint.filename();
    CHECK(state(parts).at("best") == state(result.checkpoint).at("best"));
    CHECK(same_weights(parts / "weights.safetensors", result.checkpoint / "weights.safetensors"));
    CHECK(same_weights(folder / "parts/best/weights.safetensors", result.best));
  }
}

TEST_CASE("the best weights are the average's where that is evaluated") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "run");
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.5}};
  options.checkpoint.best = true;
  options.checkpoint.keep = 100;
  const train::TrainResult result = train_toy(options);
  const auto at_best =
      folder / "run/checkpoints" / fmt::format("step-{:010}", result.position.best.step);
  CHECK(same_weights(result.best, at_best / "average.safetensors"));
  CHECK_FALSE(same_weights(result.best, at_best / "weights.safetensors"));
  CHECK(train::weights_of_run({folder / "run"}, train::RunWeights::best, Log()) == result.best);
  const auto refusal = [&](const std::filesystem::path& run) -> std::string {
    try {
      return train::weights_of_run({run}, train::RunWeights::best, Log()).string();
    } catch (const CheckpointError& e) {
      return e.what();
    }
  };
  CHECK(refusal(folder / "none") == "there is no folder " + (folder / "none").string());
  CHECK_THAT(refusal(folder.path()), Catch::Matchers::Contains("is not a run's folder"));
  CHECK_THAT(refusal(folder / "run/train_log.csv"), Catch::Matchers::Contains("is a file"));
  std::filesystem::remove_all(folder / "run/best");
  CHECK_THAT(refusal(folder / "run"), Catch::Matchers::Contains("checkpoint.best=true"));
}
