#include "../support/temp_folder.h"
#include "../support/toy_net.h"

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/free_keys.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/config_changes.h>
#include <imgcls/train/run_weights.h>

#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

/// A model that has taken a step, and its optimizer.
struct Trained {
  Trained() {
    for (const models::NamedTensor& parameter : model.parameters()) {
      parameter.tensor.mutable_grad() = at::ones_like(parameter.tensor);
    }
    optimizer->step(0.1);
  }
  train::Training training() { return {model, *optimizer, &scaler}; }

  models::Model model = test::toy_model();
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::make_optimizer(model.parameters(), {.name = "adam", .groups = {}});
  optim::GradScaler scaler{"cpu"};
};

const train::RunIdentity kIdentity{
    .config = R"({"train":{"batch":64},"data":{"threads":1},"log":{"every":10}})",
    .data_fingerprint = "data"};

const Log kLog = Log::quiet("");

const train::Position kPosition{
    .step = 12, .epoch = 2, .consumed = 128, .elapsed_s = 3.5, .loss_sum = 7.25, .images = 128};

void flip_a_bit(const std::filesystem::path& file, std::size_t at) {
  std::vector<std::byte> bytes = read_file(file);
  bytes.at(at % bytes.size()) ^= std::byte{4};
  write_synced(file, bytes);
}

}  // namespace

TEST_CASE("a checkpoint gives back weights, moments, loss scale and position") {
  const test::TempFolder folder;
  Trained saved, other;
  saved.scaler.load(4096, 17);
  train::Checkpoints checkpoints(folder / "checkpoints", 2);
  const auto path = checkpoints.save(saved.training(), kPosition, kIdentity, kLog);
  CHECK(path == checkpoints.path(12));
  CHECK(checkpoints.newest_good(Log::quiet("")) == path);

  CHECK(train::load_checkpoint(path, other.training(), kIdentity) == kPosition);
  for (std::size_t i = 0; i < saved.model.parameters().size(); ++i) {
    CHECK(other.model.parameters()[i].tensor.equal(saved.model.parameters()[i].tensor));
  }
  for (std::size_t i = 0; i < saved.optimizer->state().size(); ++i) {
    CHECK(other.optimizer->state()[i].tensor.equal(saved.optimizer->state()[i].tensor));
  }
  CHECK(other.scaler.current_scale() == 4096);
  CHECK(other.scaler.growth_tracker() == 17);
}

TEST_CASE("a checkpoint tells what its bits depend on, and what is otherwise now") {
  const test::TempFolder folder;
  Trained trained;
  train::RunIdentity identity = kIdentity;
  identity.bits = {{"libtorch", "2.15.0"}, {"threads", "1"}};
  train::Checkpoints checkpoints(folder.path(), 2);
  const auto path = checkpoints.save(trained.training(), kPosition, identity, kLog);
  CHECK(train::changed_bits(path, identity.bits).empty());
  CHECK(train::changed_bits(path, {{"libtorch", "2.15.0"}, {"threads", "4"}, {"new", "1"}}) ==
        std::vector<std::string>{"threads: 1 before, 4 now"});
}

TEST_CASE("the steps of all good checkpoints, newest first") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 3);
  for (const std::int64_t step : {5, 6, 7}) {
    train::Position position = kPosition;
    position.step = step;
    checkpoints.save(trained.training(), position, kIdentity, kLog);
  }
  flip_a_bit(checkpoints.path(6) / "weights.safetensors", 300);
  CHECK(checkpoints.good_steps(kLog) == std::vector<std::int64_t>{7, 5});
}

TEST_CASE("only the newest are kept, and nothing temporary is left") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  for (const std::int64_t step : {5, 10, 9, 100}) {
    train::Position position = kPosition;
    position.step = step;
    checkpoints.save(trained.training(), position, kIdentity, kLog);
  }
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename().string());
  }
  std::sort(left.begin(), left.end());
  CHECK(left == std::vector<std::string>{"step-0000000010", "step-0000000100"});
}

TEST_CASE("saving a step again replaces its checkpoint") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
  train::Position later = kPosition;
  later.consumed = 0;
  later.epoch = 3;
  const auto path = checkpoints.save(trained.training(), later, kIdentity, kLog);
  CHECK(train::load_checkpoint(path, trained.training(), kIdentity).epoch == 3);
}

TEST_CASE("a broken checkpoint is passed over, whatever is broken") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 3);
  train::Position earlier = kPosition;
  earlier.step = 6;
  const auto good = checkpoints.save(trained.training(), earlier, kIdentity, kLog);
  const auto newest = [&] { return checkpoints.newest_good(Log::quiet("")); };
  for (const char* file :
       {"weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, std::size_t{12345}}) {
      const auto broken = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
      CHECK(newest() == broken);
      flip_a_bit(broken / file, at);
      // A flipped bit in the manifest's white space or version harms nothing.
      if (std::string(file) != "manifest.json" || at == 100) CHECK(newest() == good);
    }
    const auto truncated = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
    std::filesystem::resize_file(truncated / file, 10);
    CHECK(newest() == good);
    const auto incomplete = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
    std::filesystem::remove(incomplete / file);
    CHECK(newest() == good);
  }
}

TEST_CASE("a run goes on with its own configuration and data only") {
  const test::TempFolder folder;
  Trained trained;
  const auto path =
      train::Checkpoints(folder.path(), 2).save(trained.training(), kPosition, kIdentity, kLog);
  const auto load = [&](const std::string& config, const std::string& data) {
    return train::load_checkpoint(path, trained.training(), {config, data});
  };
  CHECK_THROWS_WITH(load(R"({"train":{"batch":32},"data":{"threads":1}})", "data"),
                    Contains("(train.batch: 64 before, 32 now)") && Contains("run.dir"));
  CHECK_THROWS_WITH(
      load(R"({"train":{"batch":32,"seed":1},"model":{"freeze":[]}})", "data"),
      Contains("(model.freeze: nothing before, [] now; train.batch: 64 before, 32 now; "
               "train.seed: nothing before, 1 now)"));
  CHECK_THROWS_WITH(load(kIdentity.config, "other"), Contains("other training data"));
  // What changes no result may change.
  CHECK(load(R"({"train":{"batch":64},"data":{"threads":8},"log":{"every":1}})", "data") ==
        kPosition);
}

TEST_CASE("a link beside the checkpoints leads to the newest good one") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder / "checkpoints", 2, folder / "last");
  train::Position position = kPosition;
  for (const int step : {3, 7}) {
    position.step = step;
    checkpoints.save(trained.training(), position, kIdentity, kLog);
    CHECK(std::filesystem::equivalent(folder / "last", checkpoints.path(step)));
  }
  std::filesystem::remove(checkpoints.path(7) / "weights.safetensors");
  CHECK(checkpoints.recover(kLog) == checkpoints.path(3));
  CHECK(std::filesystem::equivalent(folder / "last", checkpoints.path(3)));
  CHECK(train::weights_at(folder / "last", kLog) == folder / "last/weights.safetensors");
  CHECK(train::weights_at(folder.path(), kLog) == checkpoints.path(3) / "weights.safetensors");
  folder.write("some.pth", "");
  CHECK(train::weights_at(folder / "some.pth", kLog) == folder / "some.pth");
  CHECK_THROWS_WITH(train::weights_at(folder / "none.pth", kLog),
                    Contains("there is no file or folder"));
}

TEST_CASE("when saving fails the checkpoint before stays and loads") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  const auto good = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
  // A type that safetensors lacks stands for any failure half way.
  train::Position next = kPosition;
  next.step = 13;
  const models::Model unsavable = test::toy_model();
  unsavable.parameters()[0].tensor.set_data(
      unsavable.parameters()[0].tensor.to(at::kComplexDouble));
  CHECK_THROWS_AS(checkpoints.save({unsavable, *trained.optimizer, nullptr}, next, kIdentity, kLog),
                  WeightsError);
  CHECK(checkpoints.newest_good(Log::quiet("")) == good);
}

TEST_CASE("a run goes on although the configuration has keys that it did not know") {
  const test::TempFolder folder;
  Trained trained;
  nlohmann::json config = nlohmann::json::parse(
      Config::parse(
          R"({"data": {"root": "photos"}, "model": {"name": "resnet18"}, "train": {"batch": 64}})",
          "test")
          .text());
  config["train"]["deterministic"] = true;  // as earlier versions wrote it
  config["train"].erase("accumulate");
  config["eval"].erase("flip");
  train::Checkpoints checkpoints(folder / "checkpoints", 2);
  const auto path = checkpoints.save(trained.training(), kPosition,
                                     {.config = config.dump(), .data_fingerprint = "data"}, kLog);

  config["train"]["accumulate"] = 1;
  config["eval"]["flip"] = false;
  CHECK(train::load_checkpoint(path, trained.training(),
                               {.config = config.dump(), .data_fingerprint = "data"}) == kPosition);
  config["train"]["accumulate"] = 2;
  CHECK_THROWS_WITH(train::load_checkpoint(path, trained.training(),
                                           {.config = config.dump(), .data_fingerprint = "data"}),
                    Contains("train.accumulate: 1 before, 2 now"));
}

namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

train::Position at_step(std::int64_t step) {
  train::Position position = kPosition;
  position.step = step;
  return position;
}

}  // namespace

TEST_CASE("folders of other names than a checkpoint's are left alone") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 1);
  checkpoints.save(trained.training(), at_step(1), kIdentity, kLog);
  const std::vector<std::string> others{"notes", "step-", "step-00000000001",
                                        "step-0000000001-best", "step-9"};
  for (const std::string& name : others) make_folders(folder / name);
  const auto newest = checkpoints.save(trained.training(), at_step(2), kIdentity, kLog);
  CHECK(checkpoints.newest_good(kLog) == newest);
  CHECK(checkpoints.recover(kLog) == newest);
  std::vector<std::string> all = others;
  all.push_back("step-0000000002");
  std::sort(all.begin(), all.end());
  CHECK(names_in(folder.path()) == all);
}

TEST_CASE("what is broken is moved aside, and what was just written is never removed") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 1);
  const auto good = checkpoints.save(trained.training(), at_step(10), kIdentity, kLog);
  const auto higher = checkpoints.path(99);
  const auto spoil = [&] {
    std::filesystem::copy(good, higher);
    flip_a_bit(higher / "weights.safetensors", 1000);
  };
  spoil();
  CHECK(checkpoints.recover(kLog) == good);
  CHECK(names_in(folder.path()) ==
        std::vector<std::string>{"broken-step-0000000099", "step-0000000010"});
  spoil();
  CHECK(checkpoints.recover(kLog) == good);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"broken-step-0000000099",
                                                            "broken-step-0000000099-2",
                                                            "step-0000000010"});
  // By a process that did not look first.
  spoil();
  const auto written = checkpoints.save(trained.training(), at_step(11), kIdentity, kLog);
  CHECK(std::filesystem::exists(written));
  CHECK(checkpoints.newest_good(kLog) == written);
}

TEST_CASE("a checkpoint with another position holds the same weights") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  const auto path = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
  const auto weights = read_file(path / "weights.safetensors");
  train::Position evaluated = kPosition;
  evaluated.epoch = 3;
  evaluated.consumed = 0;
  checkpoints.move(evaluated);
  CHECK(checkpoints.newest_good(kLog) == path);
  CHECK((read_file(path / "weights.safetensors") == weights));
  CHECK(train::load_checkpoint(path, trained.training(), kIdentity) == evaluated);
  CHECK(names_in(folder.path()).size() == 1);
  evaluated.step = 13;
  CHECK_THROWS_AS(checkpoints.move(evaluated), IoError);
  CHECK(names_in(folder.path()).size() == 1);
}

TEST_CASE("what a killed process left between two names is put right") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  const auto path = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
  const auto aside = folder / ".step-0000000012.old", half = folder / ".step-0000000012.tmp";
  // Between the two renames.
  std::filesystem::rename(path, aside);
  make_folders(half);
  CHECK(checkpoints.recover(kLog) == path);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"step-0000000012"});
  // Before the old one is removed.
  std::filesystem::copy(path, aside);
  CHECK(checkpoints.recover(kLog) == path);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"step-0000000012"});
}

TEST_CASE("weights that are not finite are not saved") {
  for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const test::TempFolder folder;
    Trained trained;
    train::Checkpoints checkpoints(folder.path(), 2);
    const auto good = checkpoints.save(trained.training(), kPosition, kIdentity, kLog);
    const models::NamedTensor weight = trained.model.parameters()[1];
    weight.tensor.detach().view({-1}).narrow(0, 0, 1).fill_(value);
    CHECK_THROWS_WITH(checkpoints.save(trained.training(), at_step(13), kIdentity, kLog),
                      Contains(weight.name) && Contains("optimizer.lr"));
    CHECK(names_in(folder.path()) == std::vector<std::string>{"step-0000000012"});
    CHECK(checkpoints.newest_good(kLog) == good);
  }
}

TEST_CASE("differences are named by key, a list as one value") {
  const std::string before =
      R"({"train":{"batch":64,"precision":"auto"},"optimizer":{"groups":[{"lr":1},{"lr":2}]}})";
  const auto changes = [&](const std::string& now) {
    std::vector<std::string> keys;
    for (const auto& change : train::config_changes(before, now)) keys.push_back(change.key);
    return keys;
  };
  using Keys = std::vector<std::string>;
  CHECK(changes(before) == Keys{});
  CHECK(changes(R"({"train":{"batch":64,"precision":"bf16"},
                    "optimizer":{"groups":[{"lr":1},{"lr":2}]}})") == Keys{});
  CHECK(changes(R"({"train":{"batch":32,"precision":"fp32","seed":1},
                    "optimizer":{"groups":[{"lr":1}]}})") ==
        Keys{"optimizer.groups", "train.batch", "train.seed"});
  CHECK(changes(R"({"train":{"batch":64,"precision":"bf16"},
                    "optimizer":{"groups":[{"lr":1.0},{"lr":2}]}})") == Keys{});
  const auto lists = train::config_changes(R"({"model":{"freeze":[]}})",
                                           R"({"model":{"freeze":["^conv","backbone"]}})");
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].key == "model.freeze");
  CHECK(lists[0].before == "[]");
  CHECK(lists[0].now == R"(["^conv","backbone"])");
}

TEST_CASE("only what changes no result may change in silence") {
  for (const char* key : {"/data/root", "/log/every", "/dist/timeout_s", "/checkpoint/keep"}) {
    CHECK(changes_no_result(key));
  }
  for (const char* key : {"/dist/compress", "/distill/alpha", "/train/threads", "/data/rooted",
                          "/logit_scale", "/running/mean", "/data/train2", "/evaluation"}) {
    CHECK_FALSE(changes_no_result(key));
  }
}
