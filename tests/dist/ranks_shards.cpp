// Steps by shards: the same bits on any number of ranks.
#include <ATen/Context.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/node_sums.h>
#include <imgcls/dist/queue_backend.h>
#include <imgcls/dist/world_single.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/step.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <cstdio>
#include <functional>

#include "compare.h"
#include "gathering_backend.h"
#include "ranks.h"

namespace imgcls::dist_test {
namespace {

using dist::Shards;
using dist::ShardTree;

/// Numbers of all shards; every rank makes all of them.
std::vector<at::Tensor> numbers_of_shards(int shards, std::int64_t count) {
  at::manual_seed(static_cast<std::uint64_t>(count + shards));
  std::vector<at::Tensor> all;
  for (int shard = 0; shard < shards; ++shard) all.push_back(at::randn({count}));
  return all;
}

at::Tensor sum_of(const std::vector<at::Tensor>& leaves, const Shards& node) {
  if (node.count == 1) return leaves[static_cast<std::size_t>(node.first)].clone();
  const int middle = dist::right_side(node);
  return sum_of(leaves, {node.first, middle - node.first}) +
         sum_of(leaves, {middle, node.end() - middle});
}

/// Through the transport's own sum, and by c10d's collectives as between GPUs.
void check_sum(World& world, int shards, std::int64_t count) {
  const ShardTree tree(shards);
  const auto of_ranks =
      std::make_shared<dist::NodesOfRanks>(dist::nodes_of_ranks(tree, world.size()));
  const std::vector<at::Tensor> leaves = numbers_of_shards(shards, count);
  const auto mine = [&] {
    std::vector<at::Tensor> nodes;
    for (const Shards& node : of_ranks->at(static_cast<std::size_t>(world.rank()))) {
      nodes.push_back(sum_of(leaves, node));
    }
    return nodes;
  };
  const at::Tensor expected = sum_of(leaves, {0, shards});
  const auto backend = c10::dynamic_intrusive_pointer_cast<dist::QueueBackend>(
      world.process_group()->getBackend(c10::DeviceType::CPU));
  const std::vector<at::Tensor> by_transport = mine();
  backend->sum_nodes(by_transport, of_ranks)->wait();
  expect(by_transport.front().equal(expected), world);
  const std::vector<at::Tensor> by_collectives = mine();
  dist::NodeSums sums(c10::make_intrusive<GatheringBackend>(backend), of_ranks, c10::kCPU);
  sums.sum(by_collectives)->wait();
  expect(by_collectives.front().equal(expected), world);
}

/// A model and all that trains it by shards on `world`.
struct ShardTrainee {
  ShardTrainee(World& world, models::Model net, const train::RunOptions& options)
      : model(std::move(net)),
        replicas(model, world, {.averages = false}),
        shards(model, world, options.shards),
        optimizer(optim::make_optimizer(model.parameters(), options.optimizer)),
        step(replicas, *optimizer, "cpu", options, &shards) {}

  /// Step number `done`, on what this rank has of the batch. The loss over all.
  at::Tensor train(const train::DeviceBatch& whole, std::int64_t done, at::Tensor* norm) {
    const std::int64_t size = whole.images.size(0) / shards.shards();
    const Shards& mine = shards.mine();
    const train::DeviceBatch batch{whole.images.narrow(0, mine.first * size, mine.count * size),
                                   whole.labels.narrow(0, mine.first * size, mine.count * size)};
    return step(batch, 0.01, norm, {.seed = 3, .step = done, .steps_per_epoch = 100});
  }

  /// Weights, buffers and averages.
  std::string bytes() {
    std::string all = bytes_of(models::state(model));
    for (const train::IngredientState& state : step.recipe().state())
      all += bytes_of(state.tensors);
    return all;
  }

  models::Model model;
  dist::DataParallel replicas;
  dist::ShardedGradients shards;
  std::unique_ptr<optim::Optimizer> optimizer;
  train::TrainStep step;
};

constexpr std::int64_t kLabels = 5, kShardImages = 4, kPixels = 16;

train::DeviceBatch batch_of(int step, int shards) {
  at::manual_seed(1000 + static_cast<std::uint64_t>(step));
  const std::int64_t images = shards * kShardImages;
  const at::Tensor labels = at::randint(kLabels, {images}, at::kLong);
  return {at::randn({images, 3, kPixels, kPixels}).contiguous(at::MemoryFormat::ChannelsLast),
          labels};
}

models::Model shard_model() {
  at::manual_seed(1);
  models::Model model =
      models::create("mobilenet_v2", {.classes = static_cast<int>(kLabels), .dropout = 0.2});
  model.to_channels_last();
  return model;
}

/// Rank 0 trains alone beside its share, and ends with the bits that all have. Stages are computed
/// again where `options` say so, but not by that one.
void check_one_hash(World& world, const char* what, train::RunOptions options, int shards,
                    int steps = 2) {
  options.shards = shards;
  const auto alone = dist::make_single_world({.device = dist::DeviceKind::cpu});
  const models::Model model = shard_model();
  model.recompute(options.recompute);
  ShardTrainee trainee(world, model, options);
  ShardTrainee reference(*alone, shard_model(), options);
  for (int step = 0; step < steps; ++step) {
    const train::DeviceBatch whole = batch_of(step, shards);
    at::Tensor norm, norm_alone;
    const at::Tensor loss = trainee.train(whole, step, &norm);
    expect(loss.equal(reference.train(whole, step, &norm_alone)), world);
    expect(norm.allclose(norm_alone, 0, 0, /*equal_nan=*/true), world);
    expect(trainee.bytes() == reference.bytes(), world);
  }
  expect(equal_on_all_ranks(models::state(trainee.model), world), world);
  expect(trainee.bytes() != ShardTrainee(*alone, shard_model(), options).bytes(), world);
  if (world.is_first()) std::printf("%s, %d shards: one hash\n", what, shards);
}

}  // namespace

void sums_of_shards(World& world) {
  if (world.size() == 1) return;
  for (const int more : {0, 1, 2, 3, 5, 8, 13}) {
    // One number; what goes to all at once, and a number more; several blocks and some.
    for (const std::int64_t count : {std::int64_t{1}, std::int64_t{2048}, std::int64_t{2049},
                                     std::int64_t{200000} * world.size() + 3}) {
      check_sum(world, world.size() + more, count);
    }
  }
}

void one_hash(World& world) {
  train::RunOptions options;
  options.optimizer.momentum = 0.9;
  for (const int shards : {world.size(), 7}) check_one_hash(world, "SGD", options, shards);
  options.optimizer.name = "adamw";
  options.average = {.name = "ema", .own = train::EmaOptions{.decay = 0.9}};
  options.mix.kinds = {"mixup", "cutmix"};
  options.mix.by = train::MixBy::pair;
  options.erase.prob = 0.3;
  options.clip = {.name = "norm", .own = train::NormClipOptions{.most = 0.5}};
  options.label_smoothing = 0.1;
  check_one_hash(world, "AdamW with all ingredients", options, 8);
  options.mix.by = train::MixBy::element;
  check_one_hash(world, "images mixed one by one", options, 8);
  options.recompute = {"all"};
  check_one_hash(world, "stages computed again", options, 8);
  options.recompute = {};
  if (world.size() > 3) return;  // they take turns on a machine's cores
  options.sam.rho = 0.05;
  check_one_hash(world, "SAM", options, 8);
  options = {};
  options.precision = train::Precision::fp16;
  check_one_hash(world, "fp16", options, 6, 8);  // whose scale is too large at first
}

// An infinity in a shard of one rank: no rank makes the step.
void overflow_in_a_shard(World& world) {
  train::RunOptions options;
  options.precision = train::Precision::fp16;
  options.shards = 2 * world.size();
  ShardTrainee trainee(world, shard_model(), options);
  const auto weights = [&] { return bytes_of(trainee.model.parameters()); };
  const std::string start = weights();
  const double scale = trainee.step.scaler()->current_scale();
  train::DeviceBatch whole = batch_of(0, options.shards);
  whole.images[0].fill_(1e30);
  trainee.train(whole, 0, nullptr);
  expect(weights() == start, world);
  expect(trainee.step.scaler()->current_scale() == scale / 2, world);
}

// What shards are for, without ranks: their mean is the batch's, where nothing mixes images.
void shards_are_the_batch(World& world) {
  train::RunOptions options;
  options.shards = world.size() + 1;
  const auto alone = dist::make_single_world({.device = dist::DeviceKind::cpu});
  const auto net = [] {
    at::manual_seed(2);
    return models::create("squeezenet1_1", {.classes = static_cast<int>(kLabels), .dropout = 0.0});
  };
  ShardTrainee trainee(world, net(), options);
  models::Model model = net();
  dist::DataParallel replicas(model, *alone);
  const auto optimizer = optim::make_optimizer(model.parameters(), options.optimizer);
  options.shards = 0;
  train::TrainStep reference(replicas, *optimizer, "cpu", options);
  const train::DeviceBatch small = batch_of(0, trainee.shards.shards());
  const train::DeviceBatch whole{small.images.repeat({1, 1, 2, 2}), small.labels};
  const double loss = trainee.train(whole, 0, nullptr).item<double>();
  expect(std::abs(loss - reference(whole, 0.01).item<double>()) < 1e-6, world);
  expect(largest_difference(trainee.model, model) < 1e-6, world);
}

void too_many_ranks(World& world) {
  if (world.size() == 1) return;
  models::Model model = shard_model();
  try {
    dist::ShardedGradients(model, world, world.size() - 1);
  } catch (const ConfigError&) {
    return;
  }
  expect(false, world);
}

}  // namespace imgcls::dist_test
