// What a program is told of steps, epochs and evaluations, and what becomes of a run that it ends.
#include "../support/temp_folder.h"
#include "../support/toy_run.h"

#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/train/trainer.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::toy_options;
using test::train_toy;

namespace {

struct Told {
  struct Step {
    std::int64_t step;
    double loss, lr, images_per_second;
  };
  struct Epoch {
    std::uint32_t epoch;
    std::int64_t step;
    double loss;
  };
  std::vector<Step> steps;
  std::vector<Epoch> epochs;
  std::vector<train::EvalCounts> evaluations;
  std::string order;  // s, v and e
};

train::Callbacks into(Told& told) {
  return {
      .step =
          [&](const train::StepDone& done) {
            told.order += 's';
            told.steps.push_back({done.position.step, done.loss, done.lr, done.images_per_second});
          },
      .epoch =
          [&](const train::EpochDone& done) {
            told.order += 'e';
            told.epochs.push_back({done.position.epoch, done.position.step, done.loss});
          },
      .evaluation =
          [&](const train::EvaluationDone& done) {
            told.order += 'v';
            told.evaluations.push_back(done.counts);
            CHECK(done.model.name() == "toy");
          }};
}

/// The columns of steps.csv that are no times.
std::vector<std::string> rows(const std::filesystem::path& run) {
  std::vector<std::string> found;
  std::istringstream file(read_text(run / "steps.csv"));
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::istringstream row(line);
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    found.push_back(fields[0] + ' ' + fields[1] + ' ' + fields[3] + ' ' + fields[4] + ' ' +
                    fields[5]);
  }
  return found;
}

std::string weights(const train::TrainResult& result) {
  return read_text(result.checkpoint / "weights.safetensors");
}

}  // namespace

TEST_CASE("a program is told of each step, epoch and evaluation in their order") {
  const test::TempFolder folder;
  Told told;
  train::RunOptions options = toy_options(folder / "run");
  options.log_every = 1;
  options.callbacks = into(told);
  const train::TrainResult result = train_toy(options);
  CHECK(told.order == "ssssvessssve");

  const std::vector<std::string> logged = rows(folder / "run");
  REQUIRE(told.steps.size() == 8);
  REQUIRE(logged.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    const Told::Step& step = told.steps[i];
    std::istringstream row(logged[i]);
    double number = 0, epoch = 0, loss = 0, lr = 0;
    row >> number >> epoch >> loss >> lr;
    CHECK(static_cast<double>(step.step) == number);
    CHECK(step.loss == Approx(loss).margin(1e-6));  // of which the file has six places
    CHECK(step.lr == Approx(lr).epsilon(1e-8));
    CHECK(step.images_per_second > 0);
  }
  REQUIRE(told.epochs.size() == 2);
  for (std::size_t epoch = 0; epoch < 2; ++epoch) {
    double mean = 0;
    for (std::size_t i = 0; i < 4; ++i) mean += told.steps[4 * epoch + i].loss / 4;
    CHECK(told.epochs[epoch].epoch == epoch);
    CHECK(told.epochs[epoch].step == static_cast<std::int64_t>(4 * (epoch + 1)));
    CHECK(told.epochs[epoch].loss == Approx(mean).epsilon(1e-12));
  }
  REQUIRE(told.evaluations.size() == 2);
  CHECK(told.evaluations.back().images == 50);
  CHECK(told.evaluations.back().top1 == result.eval->top1);
  CHECK(result.train_loss == told.epochs.back().loss);
}

TEST_CASE("callbacks change neither a run nor what it logs") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "alone");
  options.log_every = 3;
  const std::string alone = weights(train_toy(options));
  Told told;
  options.folder = folder / "told";
  options.callbacks = into(told);
  CHECK(weights(train_toy(options)) == alone);
  CHECK(rows(folder / "told") == rows(folder / "alone"));
  CHECK(rows(folder / "told").size() == 2);
  CHECK(told.steps.size() == 8);
}

TEST_CASE("what a callback throws ends the run, which goes on with the next step") {
  const test::TempFolder folder;
  train::RunOptions options = toy_options(folder / "whole");
  const std::string whole = weights(train_toy(options));

  Told told;
  options.folder = folder / "run";
  options.callbacks = into(told);
  options.callbacks.step = [&](const train::StepDone& done) {
    told.steps.push_back({done.position.step, done.loss, done.lr, done.images_per_second});
    if (done.position.step == 5) throw std::runtime_error("five are enough");
  };
  CHECK_THROWS_AS(train_toy(options), dist::AgreedError);
  CHECK(std::filesystem::exists(folder / "run/checkpoints/step-0000000005"));
  CHECK_THAT(read_text(folder / "run/log.txt"), Contains("an error ends the run; all that was"));

  const train::TrainResult result = train_toy(options);
  CHECK(result.position.step == 8);
  CHECK(weights(result) == whole);
  REQUIRE(told.steps.size() == 8);
  CHECK(told.steps[4].step == 5);
  CHECK(told.steps[5].step == 6);
  CHECK(told.epochs.size() == 2);
}

TEST_CASE("an evaluation that a callback did not take is made and told of again") {
  const test::TempFolder folder;
  Told told;
  train::RunOptions options = toy_options(folder / "run");
  options.callbacks = into(told);
  int calls = 0;
  options.callbacks.evaluation = [&](const train::EvaluationDone&) {
    if (++calls == 1) throw std::runtime_error("no room");
  };
  CHECK_THROWS_WITH(train_toy(options), "no room");
  CHECK(train_toy(options).position.best.step >= 0);
  CHECK(calls == 3);
  CHECK(told.order ==
        "sssse"
        "sssse");
  const std::string log = read_text(folder / "run/train_log.csv");
  CHECK(std::count(log.begin(), log.end(), '\n') == 3);  // no row twice
}

TEST_CASE("the result's loss is of the epoch as far as it was trained") {
  const test::TempFolder folder;
  Told told;
  train::RunOptions options = toy_options(folder / "run");
  options.callbacks = into(told);
  options.max_steps = 6;
  const train::TrainResult result = train_toy(options);
  REQUIRE(result.train_loss);
  CHECK(*result.train_loss == Approx((told.steps[4].loss + told.steps[5].loss) / 2));
  CHECK(told.epochs.back().loss == *result.train_loss);
  options.max_steps = 0;
  CHECK(train_toy(options).train_loss);
  CHECK_FALSE(train_toy(options).train_loss);  // nothing was left
}
