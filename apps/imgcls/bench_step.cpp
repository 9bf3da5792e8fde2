// imgcls bench step: where the time of a training step goes.
#include "bench_step.h"

#include <imgcls/core/error.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/program.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/step_profile.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

struct StepBenchArguments {
  std::vector<std::string> config;
  int steps = 10, warm_up = 2;
};

/// Takes steps as a run does, from its first on; over its epochs where there are few.
class Steps {
 public:
  explicit Steps(train::Replica& replica) : replica_(replica) {}

  void take(int count) {
    const auto per_epoch = static_cast<std::int64_t>(replica_.steps_per_epoch());
    for (int i = 0; i < count; ++i, ++done_) {
      if (done_ % per_epoch == 0) {
        replica_.loader().start(static_cast<std::uint32_t>(done_ / per_epoch));
      }
      const StepRange range(ranges::kStep);
      replica_.step(next_batch(), done_);
    }
  }

 private:
  const data::Batch& next_batch() {
    const StepRange range(ranges::kDataWait);
    return *replica_.loader().next();
  }

  train::Replica& replica_;
  std::int64_t done_ = 0;
};

int run(const StepBenchArguments& arguments, const Config& config, dist::World& world) {
  const train::Parts parts = train::compose(config, world);
  train::Replica replica(parts.model, parts.train, parts.options, world);
  Steps steps(replica);
  steps.take(arguments.warm_up);
  world.barrier();
  train::StepProfiler profiler(train::StepProfiler::Detail::ranges);
  profiler.start();
  steps.take(arguments.steps);
  const train::StepTimes times = mean(profiler.stop(), world);
  if (!world.is_first()) return train::kSuccess;

  const auto images = static_cast<double>(parts.options.batch) * static_cast<double>(times.steps);
  fmt::print(
      "{} in {}, {} images of {} x {} a step on {} x {}, {} threads each; {} steps after {}\n\n",
      replica.model().name(), name(train::resolve(parts.options.precision, world.device())),
      parts.options.batch, parts.options.augment.size, parts.options.augment.size, world.size(),
      world.device(), at::get_num_threads(), arguments.steps, arguments.warm_up);
  for (const std::string& line : table(times)) fmt::print("{}\n", line);
  fmt::print("\n{:.1f} images/s\n", images / times.step);
  return train::kSuccess;
}

}  // namespace

void add_bench_step(CLI::App& bench, std::function<int()>& chosen) {
  auto arguments = std::make_shared<StepBenchArguments>();
  CLI::App* command = bench.add_subcommand("step", "Where the time of a training step goes");
  command
      ->add_option("CONFIG", arguments->config,
                   "As `imgcls train` takes them: JSON files, and key.path=value overrides")
      ->required();
  command->add_option("--steps", arguments->steps, "Steps to measure")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--warm-up", arguments->warm_up, "Steps before, which are not measured")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->footer(
      "Trains as the configuration says, from fresh weights, and writes nothing. A mean over the "
      "ranks.\n"
      "On a GPU the times are the host's; profile.steps of a run records the kernels "
      "(docs/profiling.md).\n\n"
      "Examples:\n"
      "  imgcls bench step configs/data/cifar10.json configs/train/cifar10.json\n"
      "  mpirun -np 2 imgcls bench step configs/data/imagenet.json configs/train/resnet50.json "
      "train.batch=64 --steps 5");
  command->callback([arguments, &chosen] {
    chosen = [arguments] {
      return train::run_program(arguments->config, [&](const Config& config, dist::World& world) {
        return run(*arguments, config, world);
      });
    };
  });
}

}  // namespace imgcls::cli
