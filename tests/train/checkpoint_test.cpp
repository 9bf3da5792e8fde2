#include "../support/temp_folder.h"
#include "../support/toy_net.h"

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/train/checkpoint.h>

#include <ATen/ops/ones_like.h>

#include <catch2/catch.hpp>
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
      optim::make_optimizer(model.parameters(), {.kind = optim::OptimizerKind::adam, .groups = {}});
  optim::GradScaler scaler{"cpu"};
};

const train::RunIdentity kIdentity{
    .config = R"({"train":{"batch":64,"threads":1},"log":{"every":10}})",
    .data_fingerprint = "data"};

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
  const auto path = checkpoints.save(saved.training(), kPosition, kIdentity);
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

TEST_CASE("only the newest are kept, and nothing temporary is left") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  for (const std::int64_t step : {5, 10, 9, 100}) {
    train::Position position = kPosition;
    position.step = step;
    checkpoints.save(trained.training(), position, kIdentity);
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
  checkpoints.save(trained.training(), kPosition, kIdentity);
  train::Position later = kPosition;
  later.consumed = 0;
  later.epoch = 3;
  const auto path = checkpoints.save(trained.training(), later, kIdentity);
  CHECK(train::load_checkpoint(path, trained.training(), kIdentity).epoch == 3);
}

TEST_CASE("a broken checkpoint is passed over, whatever is broken") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 3);
  train::Position earlier = kPosition;
  earlier.step = 6;
  const auto good = checkpoints.save(trained.training(), earlier, kIdentity);
  const auto newest = [&] { return checkpoints.newest_good(Log::quiet("")); };
  for (const char* file :
       {"weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, std::size_t{12345}}) {
      const auto broken = checkpoints.save(trained.training(), kPosition, kIdentity);
      CHECK(newest() == broken);
      flip_a_bit(broken / file, at);
      // A flipped bit in the manifest's white space or version harms nothing.
      if (std::string(file) != "manifest.json" || at == 100) CHECK(newest() == good);
    }
    const auto truncated = checkpoints.save(trained.training(), kPosition, kIdentity);
    std::filesystem::resize_file(truncated / file, 10);
    CHECK(newest() == good);
    const auto incomplete = checkpoints.save(trained.training(), kPosition, kIdentity);
    std::filesystem::remove(incomplete / file);
    CHECK(newest() == good);
  }
}

TEST_CASE("a run goes on with its own configuration and data only") {
  const test::TempFolder folder;
  Trained trained;
  const auto path =
      train::Checkpoints(folder.path(), 2).save(trained.training(), kPosition, kIdentity);
  const auto load = [&](const std::string& config, const std::string& data) {
    return train::load_checkpoint(path, trained.training(), {config, data});
  };
  CHECK_THROWS_WITH(load(R"({"train":{"batch":32,"threads":1}})", "data"),
                    Contains("train.batch = 64") && Contains("says 32") && Contains("run.dir"));
  CHECK_THROWS_WITH(load(kIdentity.config, "other"), Contains("other training data"));
  // What changes no result may change.
  CHECK(load(R"({"train":{"batch":64,"threads":8},"log":{"every":1}})", "data") == kPosition);
}

TEST_CASE("when saving fails the checkpoint before stays and loads") {
  const test::TempFolder folder;
  Trained trained;
  train::Checkpoints checkpoints(folder.path(), 2);
  const auto good = checkpoints.save(trained.training(), kPosition, kIdentity);
  // A type that safetensors lacks stands for any failure half way.
  train::Position next = kPosition;
  next.step = 13;
  const models::Model unsavable = test::toy_model();
  unsavable.parameters()[0].tensor.set_data(
      unsavable.parameters()[0].tensor.to(at::kComplexDouble));
  CHECK_THROWS_AS(checkpoints.save({unsavable, *trained.optimizer, nullptr}, next, kIdentity),
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
                                     {.config = config.dump(), .data_fingerprint = "data"});

  config["train"]["accumulate"] = 1;
  config["eval"]["flip"] = false;
  CHECK(train::load_checkpoint(path, trained.training(),
                               {.config = config.dump(), .data_fingerprint = "data"}) == kPosition);
  config["train"]["accumulate"] = 2;
  CHECK_THROWS_WITH(train::load_checkpoint(path, trained.training(),
                                           {.config = config.dump(), .data_fingerprint = "data"}),
                    Contains("train.accumulate = 1, but the configuration says 2"));
}
