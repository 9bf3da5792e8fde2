// TrainStep on several ranks, against TrainStep in one process that has the whole batch.
#include <imgcls/dist/world_single.h>
#include <imgcls/train/step.h>

#include <cmath>

#include "compare.h"
#include "ranks.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

constexpr std::int64_t kStepBatch = 24;  // a multiple of ranks times micro-batches

/// A small model and all that trains it on `world`.
struct Trainee {
  Trainee(World& world, double seed, const train::RunOptions& options)
      : model(std::make_shared<SmallNet>(seed)),
        replicas(model, world),
        optimizer(optim::make_optimizer(model.parameters(), options.optimizer)),
        step(replicas, *optimizer, "cpu", options) {}

  models::Model model;
  dist::DataParallel replicas;
  std::unique_ptr<optim::Optimizer> optimizer;
  train::TrainStep step;
};

train::DeviceBatch step_batch(double seed) {
  return {values({kStepBatch, 3, 6, 6}, seed, 1),
          at::arange(kStepBatch, at::kLong).remainder(kClasses)};
}

double mean_over_ranks(const at::Tensor& loss, World& world) {
  std::array<double, 1> sum{loss.item<double>()};
  world.sum(sum);
  return sum[0] / world.size();
}

void check_accumulation(World& world, int micro_batches, train::Precision precision,
                        double tolerance) {
  const auto alone = dist::make_single_world({.device = dist::DeviceKind::cpu});
  train::RunOptions options;
  options.precision = precision;
  Trainee reference(*alone, 0, options);
  options.accumulate = micro_batches;
  Trainee trainee(world, world.rank(), options);

  const std::string start = bytes_of(trainee.model.parameters());
  for (int step = 0; step < 5; ++step) {
    const train::DeviceBatch whole = step_batch(40 + step);
    const at::Tensor expected = reference.step(whole, 0.1);
    const at::Tensor loss = trainee.step(share(whole, world), 0.1);
    expect(!loss.requires_grad(), world);
    expect(std::abs(mean_over_ranks(loss, world) - expected.item<double>()) < tolerance, world);
    expect(largest_difference(trainee.model, reference.model) < tolerance, world);
  }
  expect(bytes_of(trainee.model.parameters()) != start, world);
  expect(equal_on_all_ranks(trainee.model.parameters(), world), world);
}

}  // namespace

void accumulation(World& world) {
  for (const int micro_batches : {1, 2, 4}) {
    check_accumulation(world, micro_batches, train::Precision::fp32, 1e-6);
    // Gradients of weights come out of autocast as halves: 2^-11 of them is lost at each step.
    check_accumulation(world, micro_batches, train::Precision::fp16, 1e-3);
  }
}

// An infinity in a micro-batch of one rank, which it keeps: no rank makes the step.
void accumulated_overflow(World& world) {
  train::RunOptions options;
  options.precision = train::Precision::fp16;
  options.accumulate = 2;
  Trainee trainee(world, 0, options);
  const std::string start = bytes_of(trainee.model.parameters());
  const double scale = trainee.step.scaler()->current_scale();

  const train::DeviceBatch mine = share(step_batch(40), world);
  if (world.is_first()) mine.images[0].fill_(1e30);
  trainee.step(mine, 0.1);
  expect(bytes_of(trainee.model.parameters()) == start, world);
  expect(trainee.step.scaler()->current_scale() == scale / 2, world);

  trainee.step(share(step_batch(41), world), 0.1);
  expect(bytes_of(trainee.model.parameters()) != start, world);
  expect(equal_on_all_ranks(trainee.model.parameters(), world), world);
}

}  // namespace imgcls::dist_test
