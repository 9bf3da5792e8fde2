// What the logs of a run cost, as a share of the steps they tell of.
//
//   build/bin/logging [STEPS]
//
// ResNet-18 for small images at 32 x 32, batch 128, with the default settings and a run for Weights
// & Biases: a logged step each 100 steps, an evaluation each 390 (an epoch of CIFAR-10). Steps with
// and without the norm of the gradients alternate, so that both meet the same machine.
#include <imgcls/core/error.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/run_logs.h>
#include <imgcls/train/step.h>

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace {

using namespace imgcls;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBatch = 128, kSide = 32, kEpoch = 390;
constexpr int kClasses = 10;

template <typename Work>
double seconds(const Work& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Grey images, to stand for those that the model is wrong about.
class GreyImages final : public data::Source {
 public:
  std::size_t size() const override { return 10000; }
  std::int64_t label(std::size_t) const override { return 0; }
  data::Sample read(std::size_t) const override {
    return data::Image{{kSide, kSide}, std::vector<std::uint8_t>(kSide * kSide * 3, 128)};
  }
  std::string name(std::size_t index) const override { return std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return ""; }

 private:
  std::vector<std::string> classes_ = std::vector<std::string>(kClasses, "class");
};

/// The time of a step, and what the norm of its gradients adds.
std::pair<double, double> time_steps(models::Model& model, dist::World& world, int steps) {
  dist::DataParallel replicas(model, world);
  const auto optimizer = optim::make_optimizer(model.parameters(), {});
  train::TrainStep step(replicas, *optimizer, "cpu", {});
  const train::DeviceBatch batch{
      at::randn({kBatch, 3, kSide, kSide}).contiguous(at::MemoryFormat::ChannelsLast),
      at::randint(kClasses, {kBatch}, at::kLong)};
  std::vector<double> plain, added;
  for (int i = 0; i <= steps; ++i) {
    at::Tensor norm;
    const double without = seconds([&] { step(batch, 1e-3); });
    const double with = seconds([&] { step(batch, 1e-3, &norm); });
    if (i == 0) continue;  // the first ones find no memory ready
    plain.push_back(without);
    added.push_back(with - without);
  }
  return {median(plain), median(added)};
}

/// The time of a row of steps.csv with its events, and of an evaluation's files.
std::pair<double, double> time_logs(const models::Model& model) {
  const auto folder = std::filesystem::temp_directory_path() / "imgcls-logging";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  double row = 0, evaluation = 0;
  {
    train::RunOptions options;
    options.wandb = true;
    const GreyImages source;
    train::RunLogs logs(train::RunFiles{folder}, options, source, 0, 0, R"({"train":{"epochs":1}})",
                        [](const std::string& warning) { throw Error(warning); });
    constexpr int kRows = 200;
    row = seconds([&] {
            for (int i = 1; i <= kRows; ++i) logs.step({.step = i, .epoch = 1, .loss = 2.5});
          }) /
          kRows;
    train::EvalDetails details(kClasses);
    std::vector<std::uint64_t> samples(kBatch);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = i;
    details.add(at::randn({kBatch, kClasses}), at::randint(kClasses, {kBatch}, at::kLong), samples);
    report::TrainLogRow row_of_epoch;
    row_of_epoch.epoch = 1;
    row_of_epoch.step = kEpoch;
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
      times.push_back(seconds(
          [&] { logs.evaluation(row_of_epoch, {.images = kBatch}, details, source, model); }));
    }
    evaluation = median(times);
  }
  std::filesystem::remove_all(folder);
  return {row, evaluation};
}

}  // namespace

int main(int argc, char** argv) {
  const int steps = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  models::Model model =
      models::create("resnet18", {.classes = kClasses, .stem = models::Stem::small});
  model.to_channels_last();
  model.train();
  const auto [step, norm] = time_steps(model, *world, steps);
  const auto [row, evaluation] = time_logs(model);
  const int every = train::RunOptions{}.log_every;
  const double share = std::max(0.0, norm) / every + row / every + evaluation / kEpoch;
  fmt::print(
      "| a step | norm of gradients | a row, its events | an evaluation's files | of a step |\n"
      "| --- | --- | --- | --- | --- |\n"
      "| {:.1f} ms | {:.2f} ms each {} | {:.3f} ms each {} | {:.1f} ms each {} | {:.3f} % |\n",
      1e3 * step, 1e3 * norm, every, 1e3 * row, every, 1e3 * evaluation, kEpoch,
      100 * share / step);
  return 0;
}
