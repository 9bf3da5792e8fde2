// What glibc's malloc costs a training step, and what train::configure_torch saves of it.
//
//   build/bin/allocator [MODEL [BATCH [SIZE [STEPS]]]]
//
// By turns: glibc's own settings (what it gives back to the system when a step frees it must be
// mapped and zeroed again in the next), and configure_torch's. The program links no other
// allocator.
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/step.h>
#include <imgcls/train/trainer.h>

#include <ATen/Parallel.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using Clock = std::chrono::steady_clock;

constexpr int kClasses = 1000;

struct Cost {
  double seconds = 0;
  long faults = 0;  // pages
};

template <typename Work>
Cost cost_of(const Work& work) {
  const auto faults = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
  };
  const long before = faults();
  const auto start = Clock::now();
  work();
  return {std::chrono::duration<double>(Clock::now() - start).count(), faults() - before};
}

Cost median(std::vector<Cost> costs) {
  std::ranges::sort(costs, {}, &Cost::seconds);
  return costs[costs.size() / 2];
}

/// The median of a process's steps.
Cost steps(const std::string& name, int batch_size, int side, int count, bool configured) {
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  configured ? train::configure_torch({}, *world) : at::set_num_threads(world->cores());
  models::Model model = models::create(name, {.classes = kClasses});
  model.to_channels_last();
  model.train();
  dist::DataParallel replicas(model, *world);
  const auto optimizer = optim::make_optimizer(model.parameters(), {});
  train::TrainStep step(replicas, *optimizer, "cpu", {});
  const train::DeviceBatch batch{
      at::randn({batch_size, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast),
      at::randint(kClasses, {batch_size}, at::kLong)};
  std::vector<Cost> costs;
  for (int i = 0; i < 2; ++i) step(batch, 1e-3);  // they find no memory ready
  for (int i = 0; i < count; ++i) costs.push_back(cost_of([&] { step(batch, 1e-3); }));
  return median(costs);
}

/// What `work` gives in a process of its own.
template <typename Work>
Cost in_own_process(const Work& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const Cost cost = work();
    const bool told = ::write(ends[1], &cost, sizeof cost) == sizeof cost;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  Cost cost;
  const bool heard = ::read(ends[0], &cost, sizeof cost) == sizeof cost;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!heard) throw std::runtime_error("a process ended without a result");
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "resnet50";
  const int batch = argc > 2 ? std::atoi(argv[2]) : 16;
  const int side = argc > 3 ? std::atoi(argv[3]) : 176;
  const int count = std::max(1, argc > 4 ? std::atoi(argv[4]) : 5);
  constexpr int kRounds = 3;
  std::vector<Cost> plain, kept;
  for (int round = 0; round < kRounds; ++round) {
    plain.push_back(in_own_process([&] { return steps(name, batch, side, count, false); }));
    kept.push_back(in_own_process([&] { return steps(name, batch, side, count, true); }));
  }
  const Cost before = median(plain), after = median(kept);
  fmt::print(
      "{}, {} x {} x {}: a step and its page faults\n\n"
      "| as glibc is | with configure_torch | ratio |\n| --- | --- | --- |\n"
      "| {:.3f} s, {} | {:.3f} s, {} | {:.2f} |\n",
      name, batch, side, side, before.seconds, before.faults, after.seconds, after.faults,
      before.seconds / after.seconds);
  return 0;
}
