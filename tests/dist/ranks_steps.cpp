// TrainStep on several ranks, against TrainStep in one process that has the whole batch.
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/dist/world_single.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/step.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "compare.h"
#include "ranks.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

constexpr std::int64_t kStepBatch = 24;  // a multiple of ranks times micro-batches

/// A model and all that trains it on `world`.
struct Trainee {
  Trainee(World& world, models::Model net, const train::RunOptions& options)
      : model(std::move(net)),
        replicas(model, world),
        optimizer(optim::make_optimizer(model.parameters(), options.optimizer)),
        step(replicas, *optimizer, "cpu", options) {}

  models::Model model;
  dist::DataParallel replicas;
  std::unique_ptr<optim::Optimizer> optimizer;
  train::TrainStep step;
};

models::Model small_model(double seed) {
  return models::Model(std::make_shared<SmallNet>(seed));
}

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
  Trainee reference(*alone, small_model(0), options);
  options.accumulate = micro_batches;
  Trainee trainee(world, small_model(world.rank()), options);

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

constexpr std::int64_t kSide = 8, kTrainingBatch = 16;

/// Noise in which class k shows by its colour.
train::DeviceBatch training_batch(int step) {
  at::manual_seed(1000 + static_cast<std::uint64_t>(step));
  const at::Tensor labels = at::randint(kClasses, {kTrainingBatch}, at::kLong);
  const at::Tensor colours = at::randn({kTrainingBatch, 3, kSide, kSide});
  const at::Tensor shift = (labels - 2).to(at::kFloat).view({-1, 1, 1, 1}) * 0.3;
  return {(colours + shift).contiguous(at::MemoryFormat::ChannelsLast), labels};
}

void check_equal_training(World& world, const train::RunOptions& options, double lr) {
  const auto make = [] {
    at::manual_seed(1);
    models::Model model = models::create(
        "resnet18",
        {.classes = kClasses, .zero_init_residual = true, .stem = models::Stem::small, .width = 0});
    model.to_channels_last();
    return model;
  };
  models::Model shared = make();
  dist::synchronize_batch_norm(shared, world);
  Trainee trainee(world, std::move(shared), options);
  const auto alone = dist::make_single_world({.device = dist::DeviceKind::cpu});
  Trainee reference(*alone, make(), options);

  double worst = 0;
  for (int step = 0; step < 20; ++step) {
    const train::DeviceBatch whole = training_batch(step);
    const double loss = mean_over_ranks(trainee.step(share(whole, world), lr), world);
    if (!world.is_first()) continue;
    const double expected = reference.step(whole, lr).item<double>();
    worst = std::max(worst, std::abs(loss - expected) / expected);
    if (step % 19 == 0) std::printf("step %d: loss %.7f, alone %.7f\n", step, loss, expected);
  }
  expect(equal_on_all_ranks(models::state(trainee.model), world), world);
  if (!world.is_first()) return;
  std::printf("%s, lr %g: losses differ by %.1e, parameters by %.1e at most\n",
              options.optimizer.name.c_str(), lr, worst,
              largest_difference(trainee.model, reference.model));
  expect(worst < 1e-5, world);
}

}  // namespace

void accumulation(World& world) {
  for (const int micro_batches : {1, 2, 4}) {
    check_accumulation(world, micro_batches, train::Precision::fp32, 1e-6);
    // Gradients of weights come out of autocast as halves: 2^-11 of them is lost at each step.
    check_accumulation(world, micro_batches, train::Precision::fp16, 1e-3);
  }
  // One reduction a step: ranks that cut their shares differently still meet in each.
  check_accumulation(world, world.is_first() ? 1 : 4, train::Precision::fp32, 1e-6);
}

// An infinity in a micro-batch of one rank, which it keeps: no rank makes the step.
void accumulated_overflow(World& world) {
  train::RunOptions options;
  options.precision = train::Precision::fp16;
  options.accumulate = 2;
  Trainee trainee(world, small_model(0), options);
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

// A ResNet-18 with synchronized batch norm: the losses of 20 steps are those of one process, which
// rank 0 runs beside its share. Residual branches start at zero: without that, weights 1e-7 apart
// are 1e-1 apart in their losses after 20 steps of SGD, also on one process, and would say nothing
// of the ranks. Adam's first steps are signs of gradients, and so sensitive: hence its small rate.
void one_process_or_many(World& world) {
  train::RunOptions options;
  options.optimizer.weight_decay = 1e-4;
  check_equal_training(world, options, 0.01);
  options.optimizer.name = "adam";
  check_equal_training(world, options, 1e-5);
}

}  // namespace imgcls::dist_test
