// Whole runs on ranks: what a program is told, and what is frozen at first.
#include <imgcls/core/file.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/train/trainer.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/temp_folder.h"
#include "../support/toy_net.h"
#include "../support/toy_source.h"
#include "compare.h"
#include "ranks.h"

namespace imgcls::dist_test {
namespace {

/// A folder of rank 0's that all ranks know, until it goes out of scope on all.
class SharedFolder {
 public:
  explicit SharedFolder(World& world) : world_(world) {
    if (world.is_first()) mine_.emplace();
    path_ = world.broadcast(mine_ ? mine_->path().string() : "");
  }
  ~SharedFolder() { world_.barrier(); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  World& world_;
  std::optional<test::TempFolder> mine_;
  std::filesystem::path path_;
};

/// Three epochs of four steps.
train::RunOptions options_in(const std::filesystem::path& folder) {
  train::RunOptions options;
  options.epochs = 3;
  options.batch = 12;
  options.threads = 1;
  options.data.threads = 1;
  options.augment = {.size = 12, .crop = data::CropKind::none, .flip = 0};
  options.eval = {.transform = {.size = 12, .resize = 0}, .batch = 10};
  options.folder = folder;
  return options;
}

models::Model model_for(const train::RunOptions& options, World& world,
                        const std::vector<std::string>& frozen) {
  train::configure_torch(options, world);
  models::Model model = test::toy_model();
  for (const std::string& part : frozen) model.freeze(part);
  return model;
}

/// Trains the toy, of which `frozen` is frozen; the ranks' weights are the same at the end.
train::TrainResult train_in(World& world, const train::RunOptions& options,
                            const std::vector<std::string>& frozen = {}) {
  const models::Model model = model_for(options, world, frozen);
  train::Trainer trainer(model, std::make_shared<test::ToySource>(48, 1),
                         std::make_shared<test::ToySource>(20, 2), options, world);
  train::TrainResult result = trainer.run();
  expect(equal_on_all_ranks(model.parameters(), world), world);
  return result;
}

std::string saved(const train::TrainResult& result) {
  return read_text(result.checkpoint / "weights.safetensors") +
         read_text(result.checkpoint / "optimizer.safetensors");
}

/// A run whose convolution and norm are frozen at first, whole and in parts.
void check_unfreezing(World& world, int shards) {
  const SharedFolder folder(world);
  const std::vector<std::string> frozen{"conv", "bn"};
  const auto options_for = [&](const char* name, int unfreeze) {
    train::RunOptions options = options_in(folder / name);
    options.shards = shards;
    options.model.unfreeze_epoch = unfreeze;
    return options;
  };
  const std::string whole = saved(train_in(world, options_for("whole", 1), frozen));

  // Stopped in the frozen epoch, at its end, and in the one after it.
  train::RunOptions options = options_for("parts", 1);
  const models::Model first = model_for(options, world, {});
  for (const int steps : {2, 4, 6}) {
    options.max_steps = steps;
    train_in(world, options, frozen);
    const models::Model now = model_for(options, world, {});
    models::load_weights(now, train::weights_at(options.folder, Log::quiet("")));
    expect(now.parameters()[0].tensor.equal(first.parameters()[0].tensor) == (steps <= 4), world);
    expect(!now.parameters()[4].tensor.equal(first.parameters()[4].tensor), world);
  }
  options.max_steps = 0;
  expect(saved(train_in(world, options, frozen)) == whole, world);

  // What comes after is a run of which nothing was ever frozen, from there.
  options = options_for("another", 0);
  options.max_steps = 4;
  train_in(world, options, frozen);
  options.max_steps = 0;
  options.checkpoint.resume = train::Resume::changed;
  expect(saved(train_in(world, options)) == whole, world);
}

}  // namespace

void unfreezing(World& world) {
  check_unfreezing(world, /*shards=*/0);
  check_unfreezing(world, /*shards=*/4);
}

void callbacks_on_ranks(World& world) {
  const SharedFolder folder(world);
  train::RunOptions options = options_in(folder / "run");
  std::vector<double> losses;
  std::int64_t evaluated = 0;
  options.callbacks.step = [&](const train::StepDone& done) { losses.push_back(done.loss); };
  options.callbacks.evaluation = [&](const train::EvaluationDone& done) {
    evaluated += done.counts.images;
    world.barrier();  // all ranks are here
  };
  train_in(world, options);
  expect(losses.size() == 12 && evaluated == 60, world);
  // The same figures on all ranks.
  std::vector<double> sums = losses;
  world.sum(sums);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    expect(std::abs(sums[i] / world.size() - losses[i]) < 1e-12, world);
  }

  // The last rank alone wants to know, and gives up.
  options = options_in(folder / "ended");
  if (world.rank() == world.size() - 1) {
    options.callbacks.step = [](const train::StepDone& done) {
      if (done.position.step == 5) throw std::runtime_error("that will do");
    };
  }
  try {
    train_in(world, options);
    expect(false, world);
  } catch (const dist::AgreedError& e) {
    expect(std::string(e.what()).ends_with("that will do"), world);
  }
  options.callbacks = {};
  const train::TrainResult result = train_in(world, options);
  expect(result.position.step == 12, world);
  options.folder = folder / "run";
  expect(saved(train_in(world, options)) == saved(result), world);
}

}  // namespace imgcls::dist_test
