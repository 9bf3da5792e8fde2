// imgcls bench step: where the time of a training step goes.
#include "bench_step.h"

#include "device_state.h"
#include "print.h"
#include "synthetic_source.h"

#include <imgcls/core/error.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/device_event.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/program.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/trainer.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::cli {
namespace {

struct StepBenchArguments {
  std::vector<std::string> config;
  int steps = 10, warm_up = 2;
  bool synthetic = false, json = false;
};

/// What trains, and on what.
struct Subject {
  train::RunOptions options;
  std::shared_ptr<const data::Source> source;
  models::Model model;
  std::shared_ptr<const SyntheticSource> noise = {};  ///< where no data set is read
};

/// Noise instead of a data set: of 1,000 classes, in epochs of 1,000 steps.
Subject synthetic_subject(const Config& config, dist::World& world) {
  std::optional<Subject> subject;
  dist::agree(world, [&] {
    const train::RunOptions options = train::run_options(config);
    train::configure_torch(options, world);
    const auto source = std::make_shared<SyntheticSource>(
        options.batch * 1000, options.augment.size, 1000, options.data.multi_label);
    subject =
        Subject{options, source, train::create_model(options, source->classes().size()), source};
  });
  return *std::move(subject);
}

Subject subject_of(const StepBenchArguments& arguments, const Config& config, dist::World& world) {
  if (arguments.synthetic) return synthetic_subject(config, world);
  const train::Parts parts = train::compose(config, world);
  return {parts.options, parts.train, parts.model};
}

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Takes steps as a run does, from its first on; over its epochs where there are few.
class Steps {
 public:
  Steps(train::Replica& replica, const data::Batch* fixed) : replica_(replica), fixed_(fixed) {}

  void take(int count) {
    const auto per_epoch = static_cast<std::int64_t>(replica_.steps_per_epoch());
    for (int i = 0; i < count; ++i, ++done_) {
      if (fixed_ == nullptr && done_ % per_epoch == 0) {
        replica_.loader().start(static_cast<std::uint32_t>(done_ / per_epoch));
      }
      const StepRange range(ranges::kStep);
      replica_.step(next_batch(), done_);
    }
  }

  /// Seconds that the loader was waited for since this was last asked.
  double waited() { return std::exchange(waited_, 0); }

 private:
  const data::Batch& next_batch() {
    if (fixed_ != nullptr) return *fixed_;
    const StepRange range(ranges::kDataWait);
    const auto begin = Clock::now();
    const data::Batch& batch = *replica_.loader().next();
    waited_ += Seconds(Clock::now() - begin).count();
    return batch;
  }

  train::Replica& replica_;
  const data::Batch* fixed_;
  std::int64_t done_ = 0;
  double waited_ = 0;
};

/// What was measured, on this rank.
struct Measured {
  double seconds = 0;    ///< from an idle device to an idle device
  double processor = 0;  ///< seconds of all the process's threads in that time
  double waited = 0;     ///< of them, for data
  train::StepTimes parts = {};
};

Measured measure(Steps& steps, int count, const std::string& device, bool parts) {
  train::wait_for_device(device);
  forget_peak(device);
  steps.waited();
  train::StepProfiler profiler(train::StepProfiler::Detail::ranges);
  if (parts) profiler.start();
  const auto begin = Clock::now();
  const std::clock_t processor = std::clock();
  steps.take(count);
  train::wait_for_device(device);
  Measured measured{.seconds = Seconds(Clock::now() - begin).count(),
                    .processor = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC,
                    .waited = steps.waited()};
  if (parts) measured.parts = profiler.stop();
  return measured;
}

void print_json(const StepBenchArguments& arguments, const Subject& subject,
                const train::Replica& replica, const Measured& measured, dist::World& world) {
  const train::RunOptions& options = subject.options;
  const double images = static_cast<double>(options.batch) * arguments.steps;
  nlohmann::json json{
      {"model", subject.model.name()},
      {"device", world.device()},
      {"precision", name(train::resolve(options.precision, world.device()))},
      {"ranks", world.size()},
      {"threads", at::get_num_threads()},
      {"data_threads", replica.options().data.threads},
      {"batch", options.batch},
      {"size", options.augment.size},
      {"synthetic", arguments.synthetic},
      {"warm_up", arguments.warm_up},
      {"steps", arguments.steps},
      {"step_ms", 1e3 * measured.seconds / arguments.steps},
      {"cpu_ms", 1e3 * measured.processor / arguments.steps},
      {"images_per_second", images / measured.seconds},
      {"data_wait", measured.waited / measured.seconds},
  };
  if (const auto memory = device_memory(world.device())) {
    json["memory_mib"] = {{"allocated", memory->allocated_mib},
                          {"peak", memory->peak_mib},
                          {"reserved", memory->reserved_mib}};
  }
  print("{}\n", json.dump());
}

int run(const StepBenchArguments& arguments, const Config& config, dist::World& world) {
  const Subject subject = subject_of(arguments, config, world);
  const train::RunOptions& options = subject.options;
  train::Replica replica(subject.model, subject.source, options, world);
  data::LoaderOptions loading;  // a GPU copies the noise by itself, as it does a loader's batches
  loading.bits = options.data.normalization.bits;
  replica.input().prepare(loading);
  std::optional<data::Batch> noise;
  if (subject.noise) {
    noise = synthetic_batch(*subject.noise, options.batch / static_cast<std::size_t>(world.size()),
                            loading);
  }
  Steps steps(replica, noise ? &*noise : nullptr);
  steps.take(arguments.warm_up);
  world.barrier();
  const Measured measured = measure(steps, arguments.steps, world.device(), !arguments.json);
  if (arguments.json) {
    if (world.is_first()) print_json(arguments, subject, replica, measured, world);
    world.barrier();  // the slowest rank's end is all ranks' end
    return train::kSuccess;
  }
  const train::StepTimes times = mean(measured.parts, world);
  if (!world.is_first()) return train::kSuccess;

  print("{} in {}, {} images of {} x {} a step on {} x {}, {} threads each; {} steps after {}\n\n",
        replica.model().name(), name(train::resolve(options.precision, world.device())),
        options.batch, options.augment.size, options.augment.size, world.size(), world.device(),
        at::get_num_threads(), arguments.steps, arguments.warm_up);
  for (const std::string& line : table(times)) print("{}\n", line);
  print("\n{:.1f} images/s\n",
        static_cast<double>(options.batch) * arguments.steps / measured.seconds);
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
  command->add_flag("--synthetic", arguments->synthetic,
                    "One batch of noise in every step: no data set is read, data.* does not count");
  command->add_flag("--json", arguments->json,
                    "Print one JSON object: images_per_second, step_ms, the share data_wait, ...");
  command->footer(
      "Trains as the configuration says, from fresh weights, and writes nothing. A mean over the "
      "ranks.\n"
      "On a GPU the parts' times are the host's; profile.steps of a run records the kernels "
      "(docs/profiling.md).\nimages/s is by the clock, until the device has computed all steps.\n\n"
      "Examples:\n"
      "  imgcls bench step configs/data/cifar10.json configs/train/cifar10.json\n"
      "  mpirun -np 2 imgcls bench step configs/data/imagenet.json configs/train/resnet50.json "
      "train.batch=64 --steps 5\n"
      "  imgcls bench step --synthetic --json configs/train/resnet50.json train.batch=64");
  command->callback([arguments, &chosen] {
    chosen = [arguments] {
      std::vector<std::string> config = arguments->config;
      // Of what a configuration must say, the data's folder is the only thing not needed here.
      if (arguments->synthetic) config.insert(config.begin(), "data.root=none");
      return train::run_program(config, [&](const Config& config, dist::World& world) {
        return run(*arguments, config, world);
      });
    };
  });
}

}  // namespace imgcls::cli
