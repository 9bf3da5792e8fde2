// Batch norm's running statistics, computed anew for the weights that are evaluated.
#include <imgcls/core/file.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/statistics_recount.h>
#include <imgcls/train/input.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "../support/temp_folder.h"
#include "../support/toy_run.h"

using namespace imgcls;

namespace {

at::Tensor buffer(const models::Model& model, const std::string& name) {
  for (const auto& [known, tensor] : model.buffers()) {
    if (known == name) return tensor.clone();
  }
  throw std::runtime_error(name);
}

std::map<std::string, at::Tensor> weights(const std::filesystem::path& file) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, tensor] : models::read_safetensors(file)) all.emplace(name, tensor);
  return all;
}

}  // namespace

TEST_CASE("running statistics become the mean over the batches, or stay as they were") {
  const at::NoGradGuard no_grad;
  models::Model model = test::toy_model();
  model.train();
  REQUIRE(models::StatisticsRecount::has(model));
  model.forward(at::randn({16, 3, 12, 12}));  // the moving average of training
  const at::Tensor trained = buffer(model, "bn.running_mean");

  std::vector<at::Tensor> batches, means, variances;
  for (int i = 0; i < 3; ++i) batches.push_back(at::randn({16, 3, 12, 12}));
  {
    models::StatisticsRecount dropped(model);
    model.forward(batches[0]);
  }
  CHECK(at::equal(buffer(model, "bn.running_mean"), trained));

  for (const at::Tensor& batch : batches) {  // each alone: one batch's own statistics
    models::StatisticsRecount one(model);
    model.forward(batch);
    means.push_back(buffer(model, "bn.running_mean"));
    variances.push_back(buffer(model, "bn.running_var"));
  }
  CHECK_FALSE(at::allclose(means[0], means[1]));
  {
    models::StatisticsRecount all(model);
    for (const at::Tensor& batch : batches) model.forward(batch);
    all.keep(3);
  }
  CHECK(at::allclose(buffer(model, "bn.running_mean"), at::stack(means).mean(0), 1e-5, 1e-6));
  CHECK(at::allclose(buffer(model, "bn.running_var"), at::stack(variances).mean(0), 1e-5, 1e-6));
  const at::Tensor before = buffer(model, "bn.running_mean");
  model.forward(batches[0]);  // the momentum is the layer's again
  CHECK(at::allclose(buffer(model, "bn.running_mean"), before.lerp(means[0], 0.1), 1e-5, 1e-6));
}

TEST_CASE("a run saves the statistics that it evaluates") {
  const test::TempFolder folder;
  train::RunOptions options = test::toy_options(folder / "straight");
  options.epochs = 3;
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.9}};
  const train::TrainResult plain = test::train_toy(options);
  options.folder = folder / "bn";
  options.eval.bn_images = 40;  // three batches of 16
  const train::TrainResult result = test::train_toy(options);

  const auto before = weights(plain.checkpoint / "average.safetensors");
  const auto after = weights(result.checkpoint / "average.safetensors");
  CHECK(at::equal(before.at("conv.weight"), after.at("conv.weight")));
  CHECK_FALSE(at::equal(before.at("bn.running_mean"), after.at("bn.running_mean")));
  CHECK(after.at("bn.num_batches_tracked").item<std::int64_t>() == 3);
  CHECK((read_text(plain.checkpoint / "weights.safetensors") ==
         read_text(result.checkpoint / "weights.safetensors")));
  REQUIRE(plain.eval);
  REQUIRE(result.eval);
  CHECK(plain.eval->loss() != result.eval->loss());
}

TEST_CASE("a run that computes its statistics anew resumes to the same bits") {
  const test::TempFolder folder;
  train::RunOptions options = test::toy_options(folder / "straight");
  options.epochs = 3;
  options.eval.bn_images = 40;
  SECTION("weights as trained") {}
  SECTION("an average") {
    options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.9}};
  }
  SECTION("schedule-free") {
    options.optimizer.name = "schedule_free_adamw";
    options.schedule = {.name = "constant"};
  }
  const train::TrainResult straight = test::train_toy(options);
  options.folder = folder / "parts";
  for (const std::int64_t stop : {3, 4, 6, 0}) {
    options.max_steps = stop;
    test::train_toy(options);
  }
  const auto parts = folder / "parts/checkpoints" / straight.checkpoint.filename();
  for (const auto& entry : std::filesystem::directory_iterator(straight.checkpoint)) {
    if (entry.path().extension() != ".safetensors") continue;
    INFO(entry.path().string());
    CHECK((read_text(entry.path()) == read_text(parts / entry.path().filename())));
  }
}
