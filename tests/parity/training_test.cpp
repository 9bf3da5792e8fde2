// Models, optimizers, schedule and training steps against PyTorch's values (training_reference.py).
#include <imgcls/core/file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/train/options.h>
#include <imgcls/train/step.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using nlohmann::json;

const json& reference() {
  static const json all =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/training_reference.json"));
  return all;
}

std::span<const std::byte> bytes(const at::Tensor& contiguous) {
  return {static_cast<const std::byte*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

/// A digest of each tensor of a state_dict, with Python's order of keys: a module's parameters are
/// followed by its buffers.
json digests(const models::Model& model) {
  json found = json::object();
  for (const models::NamedTensor& item : models::state(model)) {
    found[item.name] = sha256(bytes(item.tensor.detach().contiguous())).substr(0, 16);
  }
  return found;
}

std::vector<float> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

train::RunOptions first_recipe() {
  train::RunOptions options;
  options.label_smoothing = 0.1;
  options.optimizer.name = "adam";
  options.optimizer.weight_decay = 0x1p-15;
  options.optimizer.groups = {{.pattern = "bn", .weight_decay = 0.0, .lr_scale = {}}};
  return options;
}

optim::ScheduleOptions first_schedule(int steps_per_epoch) {
  return {.name = "cosine",
          .lr = 1e-3,
          .final_lr = 1e-5,
          .warmup_steps = 5 * steps_per_epoch,
          .warmup_from = 0.01,
          .total_steps = 90 * steps_per_epoch};
}

}  // namespace

TEST_CASE("initial weights are torchvision's for the same manual_seed") {
  for (const std::string name : {"resnet18", "resnet50"}) {
    at::manual_seed(3);
    const json found = digests(models::create(name));
    CHECK(found == reference().at("initial_weights").at(name));
  }
  // The deeper ones by what is drawn last.
  for (const std::string name : {"resnet34", "resnet101", "resnet152"}) {
    at::manual_seed(3);
    const json found = digests(models::create(name));
    for (const auto& [key, digest] : reference().at("initial_weights").at(name).items()) {
      CHECK(found.at(key) == digest);
    }
  }
}

TEST_CASE("zero_init_residual leaves what torchvision's leaves") {
  at::manual_seed(3);
  const json found = digests(models::create("resnet50", {.zero_init_residual = true}));
  CHECK(found == reference().at("initial_weights").at("resnet50 zero_init_residual"));
}

TEST_CASE("ten steps of the first recipe give PyTorch's losses and weights to the last bit") {
  at::set_num_threads(1);
  for (const std::string name : {"resnet18", "resnet50"}) {
    const json& expected = reference().at("training").at(name);
    const std::int64_t side = expected.at("side");
    at::manual_seed(3);
    models::Model model = models::create(name);
    model.to_channels_last();
    at::manual_seed(7);
    const train::DeviceBatch batch{
        .images = at::randn({8, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast),
        .labels = at::randint(0, 1000, {8}, at::TensorOptions().dtype(at::kLong))};

    const auto world = dist::launch({.device = dist::DeviceKind::cpu});
    const auto optimizer = optim::make_optimizer(model.parameters(), first_recipe().optimizer);
    dist::DataParallel replicas(model, *world);
    train::TrainStep step(replicas, *optimizer, "cpu", first_recipe());
    std::vector<double> losses;
    for (int i = 0; i < 10; ++i) {
      losses.push_back(step(batch, optim::learning_rate(first_schedule(2), i)).item<double>());
    }
    CHECK(json(losses) == expected.at("losses"));

    // Python's state_dict goes module by module: parameters, then buffers, of each.
    std::map<std::string, at::Tensor> state;
    for (const models::NamedTensor& item : models::state(model)) {
      state.emplace(item.name, item.tensor.detach().contiguous());
    }
    for (const auto& [key, digest] : expected.at("final_weights").items()) {
      CHECK(sha256(bytes(state.at(key))).substr(0, 16) == digest);
    }
  }
}

TEST_CASE("optimizers take PyTorch's steps to the last bit") {
  const auto run = [](const optim::OptimizerOptions& options, double lr) {
    at::manual_seed(11);
    const at::Tensor parameter = at::randn({7, 5}).set_requires_grad(true);
    const auto optimizer = optim::make_optimizer({{"weight", parameter}}, options);
    for (int i = 0; i < 5; ++i) {
      parameter.mutable_grad() = at::randn({7, 5});
      optimizer->step(lr);
    }
    return values(parameter);
  };
  const json& expected = reference().at("optimizers");
  CHECK(run({.name = "adam", .weight_decay = 0.1, .groups = {}}, 0.01) ==
        expected.at("adam").get<std::vector<float>>());
  CHECK(run({.name = "adamw", .weight_decay = 0.1, .groups = {}}, 0.01) ==
        expected.at("adamw").get<std::vector<float>>());
  CHECK(run({.name = "sgd", .weight_decay = 0.01, .groups = {}}, 0.1) ==
        expected.at("sgd").get<std::vector<float>>());
  CHECK(run({.name = "sgd", .nesterov = true, .weight_decay = 0.01, .groups = {}}, 0.1) ==
        expected.at("sgd nesterov").get<std::vector<float>>());
  CHECK(run({.name = "sgd", .momentum = 0, .groups = {}}, 0.1) ==
        expected.at("sgd plain").get<std::vector<float>>());
}

TEST_CASE("learning rates are those of LinearLR, then CosineAnnealingLR") {
  const auto expected = reference().at("learning_rates").get<std::vector<double>>();
  const optim::ScheduleOptions schedule = first_schedule(20);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int64_t step =
        i + 1 < expected.size() ? static_cast<std::int64_t>(25 * i) : 90 * 20 - 1;
    // PyTorch multiplies the last rate by a factor at each step, which gathers rounding errors of
    // 1e-16 over the 1,800 steps; this is the closed form.
    CHECK(optim::learning_rate(schedule, step) == Approx(expected[i]).epsilon(1e-9));
  }
}

TEST_CASE("the grad scaler backs off, skips and grows as torch.amp.GradScaler") {
  const at::Tensor parameter = at::ones({3}).set_requires_grad(true);
  const auto optimizer =
      optim::make_optimizer({{"weight", parameter}}, {.name = "adam", .groups = {}});
  optim::GradScaler scaler("cpu", {.initial_scale = 1024, .growth_interval = 3});
  const json& rows = reference().at("grad_scaler");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double factor =
        i == 2 ? std::numeric_limits<double>::infinity() : 1.0 + static_cast<double>(i);
    optimizer->zero_grad();
    scaler.scale(parameter.mul(factor).sum()).backward();
    scaler.step(*optimizer, 0.1);
    CHECK(scaler.current_scale() == rows[i].at("scale"));
    CHECK(scaler.growth_tracker() == rows[i].at("tracker"));
    CHECK(values(parameter) == rows[i].at("parameter").get<std::vector<float>>());
  }
}
