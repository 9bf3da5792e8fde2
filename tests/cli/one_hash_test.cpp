// train.shards: one result on any number of ranks.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::kImgcls;
using test::on_ranks;
using test::run_program;
using test::weights_hash;

namespace {

const std::string kShards = "train.shards=8 train.batch=16 train.epochs=3 ";
const std::string kIngredients =
    "optimizer.name=adamw optimizer.lr=0.003 average.name=ema average.ema.decay=0.9 "
    "'mix.kinds=[\"mixup\",\"cutmix\"]' mix.by=pair clip.name=norm clip.norm.most=0.5 "
    "erase.prob=0.25 eval.metric=loss checkpoint.best=true ";
const std::string kTransformer =
    "model.name=vit_ti_16 model.width=0 model.image_size=16 model.dropout=0.1 model.drop_path=0.2 "
    "train.max_steps=4 ";

/// Step, epoch, loss, rate and norm of each row, as they are written.
std::vector<std::string> figures_of(const std::filesystem::path& steps_csv) {
  std::vector<std::string> rows;
  std::istringstream lines(read_text(steps_csv));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream row(line);
    std::string kept;
    for (int column = 0; column < 6; ++column) {
      std::string cell;
      std::getline(row, cell, ',');
      if (column != 2) kept += cell + ",";  // time
    }
    rows.push_back(kept);
  }
  REQUIRE(rows.size() > 3);
  REQUIRE(rows.front() == "step,epoch,loss,lr,grad_norm,");
  return rows;
}

std::string by_variables(int ranks, const std::string& command) {
  return "bash " IMGCLS_SOURCE_DIR "/tests/support/by_variables.sh " + std::to_string(ranks) + " " +
         command;
}

/// Trains to the end on so many ranks.
void train(const FolderData& data, int ranks, const std::string& run, const std::string& recipe) {
  const auto outcome = run_program(on_ranks(ranks, data.train(run, recipe)));
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
}

void check_one_hash(const std::string& recipe, const std::vector<int>& ranks) {
  const FolderData data;
  train(data, 1, "alone", recipe);
  const std::string expected = weights_hash(data / "alone");
  for (const int count : ranks) {
    INFO(count << " ranks");
    const std::string run = "run" + std::to_string(count);
    train(data, count, run, recipe);
    CHECK(weights_hash(data / run) == expected);
    CHECK(figures_of(data / (run + "/steps.csv")) == figures_of(data / "alone/steps.csv"));
  }
}

}  // namespace

TEST_CASE("with shards a run ends with one hash on any number of ranks") {
  check_one_hash(kShards, {2, 3, 4, 5, 8});
}

TEST_CASE("so do averages, mixed images, clipping and other ingredients") {
  check_one_hash(kShards + kIngredients, {2, 3, 5});
  check_one_hash(kShards + "average.name=lawa average.lawa.last=2 ", {2, 3});
  check_one_hash(kShards + "average.name=ema eval.bn_images=40 ", {2, 3});
}

TEST_CASE("so do layers that draw random numbers") {
  check_one_hash(kShards + kTransformer, {2, 3});
}

TEST_CASE("a run by shards may stop and go on with other ranks, by other launchers") {
  const FolderData data;
  const std::string recipe = kShards + kIngredients;
  train(data, 1, "alone", recipe);
  train(data, 2, "moving", recipe + "train.max_steps=2");
  REQUIRE(run_program(by_variables(3, data.train("moving", recipe + "train.max_steps=5"))).code ==
          0);
  train(data, 5, "moving", recipe);
  CHECK(weights_hash(data / "moving") == weights_hash(data / "alone"));
  CHECK(figures_of(data / "moving/steps.csv") == figures_of(data / "alone/steps.csv"));
  const auto best = [&](const std::string& run) {
    return read_file(data / (run + "/best/weights.safetensors"));
  };
  const bool same = best("moving") == best("alone");
  CHECK(same);
}

TEST_CASE("a rate that evaluations reduce is the same on any number of ranks, and after a stop") {
  // Evaluations in the warm-up do not count, and of the others each is no better.
  const std::string recipe = kShards +
                             "train.epochs=5 schedule.name=plateau schedule.warmup_epochs=1 "
                             "schedule.plateau.patience=0 schedule.plateau.threshold=0.99 "
                             "schedule.plateau.factor=0.5 eval.metric=loss ";
  const FolderData data;
  train(data, 1, "alone", recipe);
  train(data, 3, "three", recipe);
  train(data, 2, "moving", recipe + "train.max_steps=9");
  train(data, 3, "moving", recipe + "train.max_steps=10");
  train(data, 1, "moving", recipe);
  CHECK_THAT(read_text(data / "alone/log.txt"),
             Contains("schedule.name=plateau: the learning rate is"));
  for (const std::string run : {"three", "moving"}) {
    CHECK(weights_hash(data / run) == weights_hash(data / "alone"));
    CHECK(figures_of(data / (run + "/steps.csv")) == figures_of(data / "alone/steps.csv"));
  }
}

TEST_CASE("stages that are computed again change no bit, on one rank or several") {
  const FolderData data;
  const std::string again = "'train.recompute=[\"all\"]' ";
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const std::string of = std::to_string(ranks), epochs = "train.epochs=2 ";
    train(data, ranks, "plain" + of, epochs);
    train(data, ranks, "again" + of, epochs + again);
    CHECK(weights_hash(data / ("again" + of)) == weights_hash(data / ("plain" + of)));
    // A run may begin without.
    train(data, ranks, "later" + of, epochs + "train.max_steps=2");
    train(data, ranks, "later" + of, epochs + again);
    CHECK(weights_hash(data / ("later" + of)) == weights_hash(data / ("plain" + of)));
  }
}

TEST_CASE("without shards the number of ranks shows in the bits") {
  const FolderData data;
  const std::string recipe = kShards + "train.shards=0 ";
  train(data, 1, "alone", recipe);
  train(data, 2, "two", recipe);
  CHECK(weights_hash(data / "two") != weights_hash(data / "alone"));
}

TEST_CASE("the hash of weights is the same in any format, and another for other weights") {
  const FolderData data;
  train(data, 1, "run", "train.max_steps=2");
  const std::string file = (data / "run/checkpoints/step-0000000002/weights.safetensors").string();
  const std::string copy = (data / "copy.pth").string();
  REQUIRE(run_program(kImgcls + "weights convert " + file + " " + copy).code == 0);
  const auto hashes = run_program(kImgcls + "weights hash " + file + " " + copy);
  CHECK(hashes.code == 0);
  const std::string expected = weights_hash(data / "run");
  CHECK_THAT(hashes.output, Contains(expected + "  " + file) && Contains(expected + "  " + copy));
  train(data, 1, "run", "train.max_steps=3");
  CHECK(weights_hash(data / "run") != expected);
  const auto none = run_program(kImgcls + "weights hash nothing");
  CHECK(none.code == 1);
  CHECK_THAT(none.output, Contains("there is no file or folder nothing"));
}

TEST_CASE("a part of a run can be trained again to see whether it gives the same weights") {
  const FolderData data;
  train(data, 2, "run", kShards + "checkpoint.every_steps=2 checkpoint.keep=3 ");
  const std::string verify = kImgcls + "verify " + (data / "run").string();
  const auto again = run_program(verify + " --ranks 3");
  INFO(again.output);
  CHECK(again.code == 0);
  CHECK_THAT(again.output, Contains("steps 7 to 9") && Contains("the same weights") &&
                               Contains(weights_hash(data / "run")));
  const auto ahead = run_program(verify + " --ranks 2 --steps 1");
  INFO(ahead.output);
  CHECK(ahead.code == 0);
  CHECK_THAT(ahead.output, Contains("1 rank"));
  CHECK_FALSE(std::filesystem::exists(data / "run/verify-3"));
}

TEST_CASE("more steps than a run has left are refused, and nothing is left behind") {
  const FolderData data;
  train(data, 1, "run", kShards + "checkpoint.every_steps=1 ");
  const std::string verify = kImgcls + "verify " + (data / "run").string();
  const auto beyond = run_program(verify + " --steps 5");
  CHECK(beyond.code == 2);
  CHECK_THAT(beyond.output, Contains("ends at step 9") && Contains("give --steps at most 1"));
  std::filesystem::remove_all(data / "run/checkpoints/step-0000000008");
  CHECK_THAT(run_program(verify).output, Contains("holds one checkpoint, at step 9"));
  const auto at_end = run_program(verify + " --steps 1");
  CHECK(at_end.code == 2);
  CHECK_THAT(at_end.output, Contains("there is nothing to train again"));
  CHECK_FALSE(std::filesystem::exists(data / "run/verify-1"));
}

TEST_CASE("weights that come out otherwise are told of, and kept to look at") {
  const FolderData data;
  train(data, 2, "run", "train.batch=12 checkpoint.every_steps=4 ");
  const auto outcome = run_program(kImgcls + "verify " + (data / "run").string());
  INFO(outcome.output);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("train.shards=0") && Contains("the weights differ"));
  CHECK(std::filesystem::exists(data / "run/verify-1/checkpoints"));
}

TEST_CASE("what shards do not go with is refused in one line, before anything is created") {
  const FolderData data;
  const auto refusal = [&](int ranks, const std::string& more) {
    const auto outcome = run_program(on_ranks(ranks, data.train("run", more)));
    INFO(outcome.output);
    CHECK(outcome.code == 2);
    CHECK_FALSE(std::filesystem::exists(data / "run"));
    return outcome.output;
  };
  CHECK_THAT(refusal(1, "train.shards=5"),
             Contains("train.batch=12 cannot be cut into train.shards=5"));
  CHECK_THAT(refusal(3, "train.shards=2"), Contains("some of 3 ranks without a shard"));
  CHECK_THAT(refusal(1, "train.shards=4 train.sync_bn=true"), Contains("train.sync_bn=true"));
  CHECK_THAT(refusal(1, "train.shards=4 train.accumulate=3"), Contains("train.accumulate=3"));
  CHECK_THAT(refusal(1, "train.shards=4 dist.compress=fp16"), Contains("dist.compress=fp16"));
  CHECK_THAT(refusal(1, "train.shards=4 'mix.kinds=[\"mixup\"]'"), Contains("two by two"));
}
