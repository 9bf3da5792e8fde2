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

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using Clock = std::chrono::steady_clock;

constexpr int kClasses = 1000;

/// glibc's defaults, before it has adapted them.
void as_glibc_is() {
  mallopt(M_MMAP_MAX, 65536);
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  mallopt(M_TOP_PAD, 128 * 1024);
}

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

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "resnet50";
  const int batch_size = argc > 2 ? std::atoi(argv[2]) : 16;
  const int side = argc > 3 ? std::atoi(argv[3]) : 176;
  const int steps = std::max(1, argc > 4 ? std::atoi(argv[4]) : 5);
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  train::configure_torch({}, *world);
  models::Model model = models::create(name, {.classes = kClasses});
  model.to_channels_last();
  model.train();
  dist::DataParallel replicas(model, *world);
  const auto optimizer = optim::make_optimizer(model.parameters(), {});
  train::TrainStep step(replicas, *optimizer, "cpu", {});
  const train::DeviceBatch batch{
      at::randn({batch_size, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast),
      at::randint(kClasses, {batch_size}, at::kLong)};

  std::vector<Cost> plain, kept;
  for (int i = 0; i < steps; ++i) {
    as_glibc_is();
    step(batch, 1e-3);  // the one that changes over does not count
    plain.push_back(cost_of([&] { step(batch, 1e-3); }));
    train::configure_torch({}, *world);
    step(batch, 1e-3);
    kept.push_back(cost_of([&] { step(batch, 1e-3); }));
  }
  const Cost before = median(plain), after = median(kept);
  fmt::print(
      "{}, {} x {} x {}: a step and its page faults\n\n"
      "| as glibc is | with configure_torch | ratio |\n| --- | --- | --- |\n"
      "| {:.3f} s, {} | {:.3f} s, {} | {:.2f} |\n",
      name, batch_size, side, side, before.seconds, before.faults, after.seconds, after.faults,
      before.seconds / after.seconds);
  return 0;
}
