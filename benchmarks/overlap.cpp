// How much of a training step is spent waiting for gradients to travel.
//
//   mpirun -np 2 build/bin/overlap MODEL BATCH SIZE STEPS FOLDER [none|fp16]
//   (BATCH images of SIZE x SIZE on each rank, e.g. resnet50 32 176 10 runs/overlap)
//
// Steps with and without reduction alternate, so that both meet the same machine; the first of each
// kind is not counted. Then come two steps under LibTorch's profiler, whose trace of each rank goes
// to FOLDER/trace-rankN.json (chrome://tracing or ui.perfetto.dev): forward, backward, optimizer,
// and the collectives on their own thread.
#include <imgcls/core/error.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizer.h>

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

struct StepTimes {
  double step = 0;  // forward, loss, backward, optimizer
  double backward = 0;
  double tail = 0;  // of backward: after the last gradient was computed
};

class Bench {
 public:
  Bench(dist::World& world, const std::string& name, std::int64_t batch, std::int64_t side,
        dist::Compression compression)
      : world_(world), model_(models::create(name)) {
    model_.to_channels_last();
    parallel_ = std::make_unique<dist::DataParallel>(
        model_, world, dist::DataParallelOptions{.compression = compression});
    optimizer_ = optim::make_optimizer(model_.parameters(), {});
    images_ = at::randn({batch, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
    labels_ = at::randint(1000, {batch}, at::kLong);
    for (const models::NamedTensor& parameter : model_.parameters()) {
      // Called when the gradient has been computed, before the reducer hears of it.
      parameter.tensor.register_hook([this](const at::Tensor&) { last_gradient_ = Clock::now(); });
    }
  }

  StepTimes step(bool reduce) {
    world_.barrier();
    const auto start = Clock::now();
    at::Tensor loss;
    {
      RECORD_USER_SCOPE("forward");
      // The bare model's gradients stay on their rank: the reducer has not been prepared.
      const at::Tensor logits = reduce ? parallel_->forward(images_) : model_.forward(images_);
      loss = at::cross_entropy_loss(logits, labels_);
    }
    const auto forward_end = Clock::now();
    {
      RECORD_USER_SCOPE("backward");
      loss.backward();
    }
    const auto backward_end = Clock::now();
    {
      RECORD_USER_SCOPE("optimizer");
      optimizer_->step(1e-3);
      optimizer_->zero_grad();
    }
    return {seconds(start, Clock::now()), seconds(forward_end, backward_end),
            seconds(last_gradient_, backward_end)};
  }

 private:
  dist::World& world_;
  models::Model model_;
  std::unique_ptr<dist::DataParallel> parallel_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  at::Tensor images_, labels_;
  Clock::time_point last_gradient_;
};

double median(std::vector<StepTimes> times, double StepTimes::*part) {
  std::sort(times.begin(), times.end(),
            [part](const StepTimes& a, const StepTimes& b) { return a.*part < b.*part; });
  const std::size_t half = times.size() / 2;
  return times.size() % 2 ? times[half].*part : (times[half - 1].*part + times[half].*part) / 2;
}

/// Mean over the ranks of each rank's median.
StepTimes summary(const std::vector<StepTimes>& times, dist::World& world) {
  std::array<double, 3> sums{median(times, &StepTimes::step), median(times, &StepTimes::backward),
                             median(times, &StepTimes::tail)};
  world.sum(sums);
  const double ranks = world.size();
  return {sums[0] / ranks, sums[1] / ranks, sums[2] / ranks};
}

void print(const StepTimes& with, const StepTimes& without, std::int64_t batch,
           const dist::World& world) {
  const auto percent = [&](double s) { return 100 * s / with.step; };
  const auto row = [&](const char* name, const StepTimes& t) {
    std::printf("| %s | %.3f | %.3f | %.1f | %.2f |\n", name, t.step, t.backward, 1e3 * t.tail,
                static_cast<double>(batch * world.size()) / t.step);
  };
  std::printf("| steps | step s | backward s | after the last gradient ms | images/s |\n");
  std::printf("| --- | --- | --- | --- | --- |\n");
  row("with reduction", with);
  row("without", without);
  std::printf("exposed: %.2f %% of a step by the difference, %.2f %% after the last gradient\n",
              percent(with.step - without.step), percent(with.tail));
}

void trace(Bench& bench, const std::filesystem::path& path) {
  using namespace torch::profiler::impl;
  const ProfilerConfig config(ProfilerState::KINETO);
  const std::set<ActivityType> activities{ActivityType::CPU};
  torch::autograd::profiler::prepareProfiler(config, activities);
  torch::autograd::profiler::enableProfiler(config, activities);
  for (int i = 0; i < 2; ++i) {
    RECORD_USER_SCOPE("step");
    bench.step(true);
  }
  torch::autograd::profiler::disableProfiler()->save(path.string());
}

void run(dist::World& world, const std::vector<std::string>& arguments) {
  at::set_num_threads(1);
  const std::int64_t batch = std::stoll(arguments[1]), side = std::stoll(arguments[2]);
  const int steps = std::stoi(arguments[3]);
  const std::filesystem::path folder = arguments[4];
  const bool compress = arguments.size() > 5 && arguments[5] == "fp16";
  Bench bench(world, arguments[0], batch, side,
              compress ? dist::Compression::fp16 : dist::Compression::none);

  std::vector<StepTimes> with, without;
  for (int i = 0; i <= steps; ++i) {
    const StepTimes reduced = bench.step(true), bare = bench.step(false);
    if (i == 0) continue;  // memory is first touched
    with.push_back(reduced);
    without.push_back(bare);
  }
  const StepTimes mean_with = summary(with, world), mean_without = summary(without, world);
  if (world.is_first()) {
    std::printf(
        "%s, %lld x %lld x %lld on each of %d ranks, gradients as %s, %d steps of each kind\n",
        arguments[0].c_str(), static_cast<long long>(batch), static_cast<long long>(side),
        static_cast<long long>(side), world.size(), compress ? "fp16" : "fp32", steps);
    print(mean_with, mean_without, batch, world);
    std::filesystem::create_directories(folder);
  }
  world.barrier();
  trace(bench, folder / fmt::format("trace-rank{}.json", world.rank()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 5) {
    std::fprintf(stderr, "usage: overlap MODEL BATCH SIZE STEPS FOLDER [none|fp16]\n");
    return 2;
  }
  std::unique_ptr<dist::World> world;
  try {
    world = dist::launch({.device = dist::DeviceKind::cpu});
    run(*world, arguments);
    return 0;
  } catch (const dist::RankFailure&) {
    world->abort(1);  // reported already
  } catch (const std::exception& error) {
    if (world) world->abort(1, error.what());
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
