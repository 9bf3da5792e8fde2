// Whole recipes, 20 steps each, against timm's, PyTorch's and schedulefree's parts
// (whole_recipes_reference.py, which says how the recipes' rates were chosen).
#include <imgcls/core/file.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/world_single.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim.h>
#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/clip.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/recipe/mix.h>
#include <imgcls/train/step.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using nlohmann::json;

constexpr int kSide = 64, kUnseen = 20;  // a batch that no step takes

train::DeviceBatch batch_of(int step) {
  at::manual_seed(static_cast<std::uint64_t>(100 + step));
  train::DeviceBatch batch;
  batch.images = at::randn({8, 3, kSide, kSide}).contiguous(at::MemoryFormat::ChannelsLast);
  batch.labels = at::randint(0, 10, {8}, at::kLong);
  return batch;
}

models::Model made(const std::string& name, double drop_path) {
  const models::OptionsTaken takes = models::info(name).takes;
  at::manual_seed(3);
  models::Model model =
      models::create(name, {.classes = 10,
                            .dropout = takes.dropout ? std::optional(0.0) : std::nullopt,
                            .drop_path = takes.drop_path ? std::optional(drop_path) : std::nullopt,
                            .image_size = takes.image_size ? kSide : 0});
  model.to_channels_last();
  model.train();
  return model;
}

/// The losses of a recipe's steps at a constant rate, and last that of the weights to evaluate.
std::vector<double> losses_of(models::Model model, const train::RunOptions& options, int steps) {
  const auto world = dist::make_single_world({.device = dist::DeviceKind::cpu});
  dist::DataParallel replicas(model, *world);
  const auto optimizer =
      optim::make_optimizer(model.parameters(), options.optimizer, models::parameter_places(model));
  train::TrainStep step(replicas, *optimizer, "cpu", options);
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) {
    losses.push_back(
        step(batch_of(i), options.optimizer.lr, nullptr, {.seed = 7, .step = i}).item<double>());
  }
  model.train(false);
  losses.push_back(step.recipe().with_weights_to_evaluate([&] {
    const at::NoGradGuard no_grad;
    const train::DeviceBatch batch = batch_of(kUnseen);
    return at::cross_entropy_loss(model.forward(batch.images), batch.labels).item<double>();
  }));
  return losses;
}

const json& reference_of(const std::string& what) {
  static const json reference =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/whole_recipes_reference.json"));
  return reference.at("recipes").at(what);
}

/// One thread, float: to 1e-5.
void check_recipe(const std::string& model, const std::string& recipe,
                  const train::RunOptions& options, double drop_path = 0) {
  const json& found = reference_of(model + " " + recipe);
  auto expected = found.at("losses").get<std::vector<double>>();
  const std::vector<double> losses =
      losses_of(made(model, drop_path), options, static_cast<int>(expected.size()));
  expected.push_back(found.at("evaluated"));
  REQUIRE(losses.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(model << ", " << recipe << ", step " << i << ": off by "
               << std::abs(losses[i] / expected[i] - 1));
    CHECK(losses[i] == Approx(expected[i]).epsilon(1e-5));
  }
}

const std::vector<optim::GroupRule> kNoDecayOfBiases = {
    {.pattern = "bias", .weight_decay = 0.0, .lr_scale = {}}};

train::RunOptions lamb() {
  train::RunOptions options;
  options.label_smoothing = 0.1;
  options.mix.kinds = {"mixup", "cutmix"};
  options.loss.name = "bce";
  options.optimizer = {
      .name = "lamb", .lr = 0.00002, .weight_decay = 0.02, .groups = kNoDecayOfBiases};
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.9, .warmup = true}};
  return options;
}

train::RunOptions adamw() {
  using optim::NoDecay;
  train::RunOptions options;
  options.label_smoothing = 0.1;
  options.optimizer = {.name = "adamw",
                       .lr = 0.00001,
                       .weight_decay = 0.05,
                       .no_decay = {NoDecay::vector, NoDecay::embedding},
                       .layer_decay = 0.75};
  options.clip = {.name = "norm", .own = train::NormClipOptions{.most = 1}};
  return options;
}

train::RunOptions schedule_free_sam() {
  train::RunOptions options;
  options.optimizer = {
      .name = "schedule_free_sgd", .lr = 0.00001, .weight_decay = 0.01, .groups = kNoDecayOfBiases};
  options.sam.rho = 0.005;
  return options;
}

train::RunOptions sgd_sam(const train::SamOptions& sam) {
  train::RunOptions options;
  options.optimizer = {.name = "sgd",
                       .lr = 0.000001,
                       .momentum = 0.9,
                       .weight_decay = 0.01,
                       .groups = kNoDecayOfBiases};
  options.sam = sam;
  return options;
}

}  // namespace

// A case for each model, so that they run beside each other.
TEST_CASE("ResNet-18 with mixup, cutmix, BCE, LAMB and EMA learns as of timm's parts") {
  check_recipe("resnet18", "lamb", lamb());
}

TEST_CASE("ViT-Ti with mixup, cutmix, BCE, LAMB and EMA learns as of timm's parts") {
  check_recipe("vit_ti_16", "lamb", lamb());
}

TEST_CASE("EfficientNet-B0 with mixup, cutmix, BCE, LAMB and EMA learns as of timm's parts") {
  check_recipe("efficientnet_b0", "lamb", lamb());
}

TEST_CASE("ResNet-18 with AdamW, layer decay, smoothing and a limit learns as of timm's parts") {
  check_recipe("resnet18", "adamw", adamw());
}

TEST_CASE("ViT-Ti with AdamW, layer decay, smoothing, a limit and drop path does, too") {
  check_recipe("vit_ti_16", "adamw", adamw(), 0.2);
}

TEST_CASE("EfficientNet-B0 with AdamW, layer decay, smoothing, a limit and drop path does, too") {
  check_recipe("efficientnet_b0", "adamw", adamw(), 0.2);
}

TEST_CASE("ResNet-18 with schedule-free SGD within SAM learns as with schedulefree") {
  check_recipe("resnet18", "schedule-free sam", schedule_free_sam());
}

TEST_CASE("ViT-Ti with schedule-free SGD within SAM learns as with schedulefree") {
  check_recipe("vit_ti_16", "schedule-free sam", schedule_free_sam());
}

TEST_CASE("EfficientNet-B0 with schedule-free SGD within SAM learns as with schedulefree") {
  check_recipe("efficientnet_b0", "schedule-free sam", schedule_free_sam());
}

TEST_CASE("ResNet-18 with SGD within SAM and ASAM learns as their definitions say") {
  check_recipe("resnet18", "sam", sgd_sam({.rho = 0.005}));
  check_recipe("resnet18", "asam", sgd_sam({.rho = 0.05, .adaptive = true}));
}

TEST_CASE("images that are mixed one by one are those of timm's Mixup with the same numbers") {
  const auto mixer =
      train::make_mixer({.kinds = {"mixup", "cutmix"}, .prob = 0.8, .by = train::MixBy::element});
  const json& expected = reference_of("mixed by element");
  for (std::size_t step = 0; step < expected.size(); ++step) {
    at::manual_seed(100 + step);
    train::TrainBatch batch;
    batch.images = at::randn({8, 3, 6, 6});
    batch.targets.labels = at::randint(0, 10, {8}, at::kLong);
    mixer->before_forward({.seed = 7, .step = static_cast<std::int64_t>(step)}, batch);
    // What a partner's share is in float, timm takes from the own share's; we take from the double.
    const auto check = [&](const at::Tensor& found, const char* what) {
      const auto values = expected[step].at(what).get<std::vector<float>>();
      const at::Tensor wanted = at::tensor(values).view_as(found);
      INFO(what << " of step " << step << ": off by "
                << found.sub(wanted).abs().max().item<float>());
      CHECK(at::allclose(found, wanted, /*rtol=*/0, /*atol=*/1e-6));
    };
    check(batch.images, "images");
    check(batch.targets.rows(10), "rows");
  }
}
