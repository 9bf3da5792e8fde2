// Training on a device that works by itself: what the host waits for, and that nothing is read or
// overwritten too early. On a device made for it (../support/fake_device.h).
#include "../support/fake_device.h"
#include "../support/temp_folder.h"
#include "../support/toy_source.h"

#include <imgcls/core/file.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/train/device_copies.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/trainer.h>

#include <ATen/ops/full.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <catch2/catch.hpp>
#include <cmath>

using namespace imgcls;
namespace fake = test::fake;

namespace {

/// A world of one on a device of its own.
class DeviceWorld final : public dist::World {
 public:
  explicit DeviceWorld(const std::string& device) { device_ = device; }
  std::string_view backend() const override { return "single"; }
  void barrier() override {}
  void sum(std::span<std::int64_t>) override {}
  void sum(std::span<double>) override {}
  std::int64_t max(std::int64_t value) override { return value; }
  std::string broadcast(std::string_view text) override { return std::string(text); }
  std::vector<std::string> gather(std::string_view text) override { return {std::string(text)}; }
  [[noreturn]] void abort(int code, std::string_view) override { std::_Exit(code); }
};

class SmallNet : public torch::nn::Module {
 public:
  SmallNet()
      : conv_(register_module("conv", torch::nn::Conv2d(3, 8, 3))),
        bn_(register_module("bn", models::BatchNorm2d(8))),
        fc_(register_module("fc", torch::nn::Linear(8, 4))) {}
  at::Tensor forward(const at::Tensor& images) {
    return fc_(bn_(conv_(images)).relu_().mean({2, 3}));
  }

 private:
  torch::nn::Conv2d conv_;
  models::BatchNorm2d bn_;
  torch::nn::Linear fc_;
};

models::Model small_model() {
  at::manual_seed(5);
  return models::Model(std::make_shared<SmallNet>(), "small");
}

train::RunOptions small_options(const std::filesystem::path& folder = {}) {
  train::RunOptions o;
  o.epochs = 2;
  o.batch = 16;
  o.threads = 1;
  o.label_smoothing = 0.1;
  o.deterministic = true;
  o.data.threads = 2;
  o.data.prefetch = 1;
  o.augment = {.size = 12, .crop = data::CropKind::pad, .pad = 1};
  o.eval = {.transform = {.size = 12, .resize = 0}, .batch = 20};
  o.optimizer = {.name = "adam", .lr = 0.01, .groups = {}};
  o.tensorboard = false;
  o.folder = folder;
  return o;
}

const std::string kDevice = fake::kDevice.str();

const auto kImages = std::make_shared<test::ToySource>(100, 1);
const auto kHeldOut = std::make_shared<test::ToySource>(50, 2);

/// The images of an epoch as they arrive on a device.
std::vector<at::Tensor> epoch_on(const std::string& device, bool prepared) {
  const train::InputStage input({}, device, true);
  data::LoaderOptions options{
      .batch = 16, .threads = 2, .prefetch = 1, .transform = data::AugmentOptions{.size = 12}};
  if (prepared) input.prepare(options);
  data::Loader loader(kImages, options);
  loader.start(0);
  std::vector<at::Tensor> all;
  while (const data::Batch* batch = loader.next()) {
    const train::DeviceBatch arrived = input(*batch);
    all.push_back(arrived.images);
    all.push_back(arrived.labels);
    loader.wait(std::chrono::milliseconds(5));  // lets threads write where they may
  }
  for (at::Tensor& each : all) each = each.cpu();
  return all;
}

}  // namespace

TEST_CASE("a device gets the images that a CPU gets") {
  const std::vector<at::Tensor> expected = epoch_on("cpu", false);
  REQUIRE(expected.size() == 12);
  for (const bool prepared : {true, false}) {
    const std::vector<at::Tensor> arrived = epoch_on(kDevice, prepared);
    REQUIRE(arrived.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(arrived[i].equal(expected[i]));
  }
}

namespace {

/// Host memory that the device copies by itself, full of one value.
at::Tensor pinned(int value) {
  return at::full({2, 4}, value, at::TensorOptions().dtype(at::kLong).pinned_memory(true));
}

}  // namespace

TEST_CASE("what was copied may change once the copy is waited for") {
  train::DeviceCopies copies(fake::kDevice);
  const std::array labels{pinned(0), pinned(0)};
  at::Tensor first = pinned(1), second = pinned(2);
  const train::DeviceCopies::Arrived one = copies.copy(first, labels[0]);
  copies.release();
  const train::DeviceCopies::Arrived two = copies.copy(second, labels[1]);
  copies.release();
  CHECK(fake::pending_copies() == 4);
  copies.finish_earlier();
  first.fill_(10);
  CHECK(fake::pending_copies() == 2);
  copies.finish();
  second.fill_(20);
  CHECK(fake::pending_copies() == 0);
  CHECK(one.images.cpu().equal(at::full({2, 4}, 1, at::kLong)));
  CHECK(two.images.cpu().equal(at::full({2, 4}, 2, at::kLong)));
}

TEST_CASE("a loader is held up until the device has read what it would overwrite") {
  const train::InputStage input({}, kDevice, true);
  data::LoaderOptions options;
  input.prepare(options);
  CHECK(options.memory != nullptr);
  CHECK(options.kept == 2);
  data::Batch batch;
  batch.size = 1;
  batch.side = 2;
  batch.images.assign(12, 7);
  batch.labels.assign(1, 0);
  input(batch);
  // This batch's copy and that of the one before; where the loader keeps two, the latter alone.
  for (const int kept : {1, 2}) {
    batch.kept = kept;
    fake::reset_counts();
    input(batch);
    CHECK(fake::counts().event_questions == (kept == 1 ? 2 : 1));
  }
  fake::reset_counts();
  options.before_start();
  CHECK(fake::counts().event_questions == 2);
}

TEST_CASE("nothing in a step waits for the device") {
  std::vector<std::vector<double>> losses;
  for (const std::string& device : {std::string("cpu"), kDevice}) {
    DeviceWorld world(device);
    train::configure_torch(small_options(), world);
    train::Replica replica(small_model(), kImages, small_options(), world);
    std::vector<at::Tensor> on_device;
    at::Tensor norm;
    replica.loader().start(0);
    fake::reset_counts();
    for (std::int64_t step = 0; step < 6; ++step) {
      on_device.push_back(replica.step(*replica.loader().next(), step, &norm));
    }
    const fake::Counts counts = fake::counts();
    if (device != "cpu") {
      CHECK(counts.all_streams().kernels > 100);
      CHECK(counts.all_streams().uploads == 2 * 6);  // images and labels ...
      CHECK(counts.streams.at(0).uploads == 0);      // ... by a stream of their own
      CHECK(counts.waits.empty());
      CHECK(counts.races.empty());
    }
    losses.emplace_back();
    for (const at::Tensor& loss : on_device) losses.back().push_back(loss.item<double>());
  }
  CHECK(losses[0] == losses[1]);
}

TEST_CASE("nothing in a step of fp16 waits for the device, its loss scale and norm neither") {
  train::RunOptions options = small_options();
  options.precision = train::Precision::fp16;
  DeviceWorld world(kDevice);
  train::configure_torch(options, world);
  train::Replica replica(small_model(), kImages, options, world);
  replica.loader().start(0);
  at::Tensor norm, loss;
  fake::reset_counts();
  for (std::int64_t step = 0; step < 6; ++step) {
    loss = replica.step(*replica.loader().next(), step, &norm);
  }
  CHECK(fake::counts().waits.empty());
  CHECK(fake::counts().races.empty());
  // Of the gradients as they are without the scale.
  CHECK(norm.item<double>() > 0);
  CHECK(norm.item<double>() < 10);
  CHECK(loss.item<double>() < 3);
}

TEST_CASE("a profile begins and ends with a device that has nothing to do") {
  const test::TempFolder folder;
  train::RunOptions options = small_options(folder.path());
  options.epochs = 1;
  options.log_every = 100;
  DeviceWorld world(kDevice);
  train::configure_torch(options, world);
  std::vector<std::int64_t> waits;
  for (const train::StepSpan span : {train::StepSpan{}, train::StepSpan{.first = 3, .last = 4}}) {
    options.profile = span;
    options.folder = folder.path() / std::to_string(span.first);
    fake::reset_counts();
    train::Trainer(small_model(), kImages, kHeldOut, options, world).run();
    waits.push_back(fake::counts().device_syncs);
  }
  // LibTorch's own profiler may wait as well.
  CHECK(waits[1] >= waits[0] + 2);
}

TEST_CASE("an evaluation waits once, at its end") {
  const bool with_nan = GENERATE(false, true);
  std::vector<train::EvalCounts> counts;
  std::vector<double> calibration;
  std::vector<std::size_t> worst;
  for (const std::string& device : {std::string("cpu"), kDevice}) {
    DeviceWorld world(device);
    models::Model model = small_model();
    for (const models::NamedTensor& parameter : model.parameters()) {
      if (with_nan && parameter.name == "fc.bias") parameter.tensor.detach().fill_(NAN);
    }
    model.to(device);
    const train::InputStage input({}, device, true);
    data::LoaderOptions options{
        .batch = 20, .threads = 1, .transform = data::EvalOptions{.size = 12, .resize = 0}};
    input.prepare(options);
    data::Loader loader(kHeldOut, options);
    train::EvalDetails details(4);
    fake::reset_counts();
    counts.push_back(train::evaluate(
        model, loader, input, world, true, [](std::size_t) { return true; }, &details));
    if (device != "cpu") {
      CHECK(fake::counts().waits.size() == 1);
      CHECK(fake::counts().races.empty());
    }
    calibration.push_back(details.calibration_error());
    worst.push_back(details.mistakes().front().sample);
  }
  CHECK(counts[0].images == 50);
  CHECK(counts[1].images == 50);
  CHECK(counts[0].top1 == counts[1].top1);
  CHECK(counts[0].loss_units == counts[1].loss_units);
  CHECK(worst[0] == worst[1]);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    CHECK(std::isnan(counts[i].loss()) == with_nan);
    CHECK(std::isnan(calibration[i]) == with_nan);
  }
  if (with_nan) return;
  CHECK(calibration[0] == calibration[1]);
}

TEST_CASE("a run on a device leaves the files of one on a CPU") {
  std::vector<std::vector<std::byte>> weights;
  std::vector<std::string> rows;
  for (const std::string& device : {std::string("cpu"), kDevice}) {
    const test::TempFolder folder;
    train::RunOptions options = small_options(folder.path());
    options.log_every = 2;
    DeviceWorld world(device);
    train::configure_torch(options, world);
    train::Trainer trainer(small_model(), kImages, kHeldOut, options, world);
    const train::TrainResult result = trainer.run();
    weights.push_back(read_file(result.checkpoint / "weights.safetensors"));
    // Step, epoch, loss, rate and norm of each row; times differ.
    std::istringstream csv(read_text(folder.path() / "steps.csv"));
    std::string kept;
    for (std::string line; std::getline(csv, line);) {
      std::istringstream fields(line);
      std::string field;
      for (int i = 0; std::getline(fields, field, ','); ++i) {
        if (i != 2 && i < 7) kept += field + ',';
      }
      kept += '\n';
    }
    rows.push_back(kept);
  }
  CHECK((weights[0] == weights[1]));
  CHECK(rows[0] == rows[1]);
  CHECK(std::count(rows[0].begin(), rows[0].end(), '\n') == 1 + 6);  // of 12 steps every second
}

namespace {

/// One of two processes that run one after the other: it records what it says, and hears what the
/// other was recorded to say.
struct OneOfTwo : models::StatisticsExchange {
  at::Tensor gather(const at::Tensor& mine) override {
    said = mine.clone();
    return at::stack(is_first ? std::vector<at::Tensor>{mine, heard.defined() ? heard : mine}
                              : std::vector<at::Tensor>{heard.defined() ? heard : mine, mine});
  }
  void sum(at::Tensor& values) override {
    said_sum = values.clone();
    if (heard_sum.defined()) values.add_(heard_sum);
  }
  bool is_first = true;
  at::Tensor said, heard, said_sum, heard_sum;
};

struct Normalized {
  at::Tensor output, gradient, weight_gradient, running_mean, running_var;
};

Normalized normalize(const models::BatchNorm2d& layer, const at::Tensor& images) {
  const at::Tensor input = images.detach().clone().requires_grad_();
  layer->weight.mutable_grad().reset();
  const at::Tensor output = models::BatchNorm2d(layer)->forward(input);
  output.square().sum().backward();
  return {output.detach().cpu(), input.grad().cpu(), layer->weight.grad().cpu(),
          layer->running_mean.cpu(), layer->running_var.cpu()};
}

models::BatchNorm2d layer_on(const std::string& device) {
  models::BatchNorm2d layer(4);
  layer->weight.set_data(at::arange(1, 5, at::kFloat));
  layer->to(at::Device(device));
  return layer;
}

}  // namespace

TEST_CASE("on a device, batch norm shares statistics by its kernels") {
  at::manual_seed(3);
  const at::Tensor whole = at::randn({10, 4, 5, 5}) * 2 + 1;
  const Normalized expected = normalize(layer_on("cpu"), whole);
  const std::int64_t first = GENERATE(4, 10, 0);  // images of the first process
  const at::Tensor parts[2] = {whole.narrow(0, 0, first), whole.narrow(0, first, 10 - first)};

  const auto exchanges = std::array{std::make_shared<OneOfTwo>(), std::make_shared<OneOfTwo>()};
  exchanges[1]->is_first = false;
  std::array<Normalized, 2> made;
  // What one says depends on what the other said before: forward, then backward, then the result.
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t i : {0U, 1U}) {
      models::BatchNorm2d layer = layer_on(kDevice);
      layer->set_exchange(exchanges[i]);
      fake::reset_counts();
      made[i] = normalize(layer, parts[i].to(fake::kDevice));
      CHECK(fake::counts().items == 0);
    }
    for (const std::size_t i : {0U, 1U}) {
      exchanges[i]->heard = exchanges[1 - i]->said;
      exchanges[i]->heard_sum = exchanges[1 - i]->said_sum;
    }
  }
  // Float statistics, in another order: values are of order 10, gradients of 100.
  const auto close = [](const at::Tensor& a, const at::Tensor& b, double tolerance) {
    return (a - b).abs().max().item<double>() < tolerance;
  };
  CHECK(close(at::cat({made[0].output, made[1].output}), expected.output, 1e-5));
  CHECK(close(at::cat({made[0].gradient, made[1].gradient}), expected.gradient, 1e-4));
  CHECK(close(made[0].weight_gradient + made[1].weight_gradient, expected.weight_gradient, 1e-2));
  for (const Normalized& each : made) {
    CHECK(close(each.running_mean, expected.running_mean, 1e-6));
    CHECK(close(each.running_var, expected.running_var, 1e-5));
  }
}
