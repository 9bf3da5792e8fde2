#include <imgcls/core/error.h>
#include <imgcls/dist/data_parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "compare.h"
#include "ranks.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

models::Model small_model(double seed, std::int64_t classes = kClasses) {
  return models::Model(std::make_shared<SmallNet>(seed, classes));
}

using Batch = train::DeviceBatch;

Batch whole_batch(double seed) {
  return {values({kBatch, 3, 6, 6}, seed, 1), at::arange(kBatch, at::kLong).remainder(kClasses)};
}

at::Tensor loss_of(const at::Tensor& logits, const Batch& batch) {
  return at::cross_entropy_loss(logits, batch.labels);
}

// Plain SGD. Gradients are set to undefined, or zeroed where they lie: optimizers do either.
void sgd_step(const models::Model& model, bool zero_in_place) {
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& parameter : model.parameters()) {
    at::Tensor gradient = parameter.tensor.grad();
    at::Tensor(parameter.tensor).add_(gradient, -0.1);
    if (zero_in_place) {
      gradient.zero_();
    } else {
      parameter.tensor.mutable_grad().reset();
    }
  }
}

void load_parameters(const models::Model& to, const models::Model& from) {
  const at::NoGradGuard no_grad;
  const auto source = from.parameters(), target = to.parameters();
  for (std::size_t i = 0; i < target.size(); ++i) {
    at::Tensor(target[i].tensor).copy_(source[i].tensor);
    target[i].tensor.mutable_grad().reset();
  }
}

void check_gradients(World& world, bool channels_last) {
  models::Model model = small_model(world.rank());  // each rank starts from other weights
  models::Model reference = small_model(0);
  if (channels_last) model.to_channels_last();
  dist::DataParallel parallel(model, world);

  const Batch whole = whole_batch(20);
  const Batch mine = share(whole, world);
  loss_of(parallel.forward(mine.images), mine).backward();
  loss_of(reference.forward(whole.images), whole).backward();

  const auto expected = reference.parameters();
  const auto actual = model.parameters();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expect(actual[i].tensor.equal(expected[i].tensor), world);
    expect(expected[i].tensor.grad().abs().max().item<double>() > 1e-3, world);
    expect(largest_difference(actual[i].tensor.grad(), expected[i].tensor.grad()) < 1e-6, world);
  }
}

}  // namespace

void gradients(World& world) {
  check_gradients(world, false);
  check_gradients(world, true);
}

void training(World& world) {
  models::Model model = small_model(world.rank());
  models::Model reference = small_model(0);
  dist::DataParallel parallel(model, world);
  const std::string start = bytes_of(model.parameters());
  for (int step = 0; step < 5; ++step) {
    const Batch whole = whole_batch(30 + step);
    const Batch mine = share(whole, world);
    loss_of(parallel.forward(mine.images), mine).backward();
    sgd_step(model, step % 2 == 0);
    loss_of(reference.forward(whole.images), whole).backward();
    sgd_step(reference, false);
  }
  expect(bytes_of(model.parameters()) != start, world);
  expect(equal_on_all_ranks(model.parameters(), world), world);
  for (std::size_t i = 0; i < reference.parameters().size(); ++i) {
    expect(
        largest_difference(model.parameters()[i].tensor, reference.parameters()[i].tensor) < 1e-5,
        world);
  }
}

// The reducer's buckets, of which the gradients are views: from the last parameter to the first,
// and the same in all steps, so that a run that goes on adds as one that has not stopped.
void buckets_that_stay(World& world) {
  models::Model model = small_model(0);
  dist::DataParallel parallel(model, world);
  std::vector<const void*> places;
  for (int step = 0; step < 3; ++step) {
    const Batch mine = share(whole_batch(30 + step), world);
    loss_of(parallel.forward(mine.images), mine).backward();
    std::vector<const void*> now;
    for (const models::NamedTensor& parameter : model.parameters()) {
      now.push_back(parameter.tensor.grad().const_data_ptr());
    }
    expect(std::is_sorted(now.rbegin(), now.rend()), world);
    expect(step == 0 || now == places, world);
    places = now;
    sgd_step(model, step % 2 == 0);
  }
}

namespace {

/// A step with a buffer to which the network adds its images' mean, here rank + 1.
void step_with_buffers(World& world, bool broadcast) {
  models::Model model = small_model(world.rank());
  dist::DataParallel parallel(model, world, {.broadcast_buffers = broadcast});
  expect(equal_on_all_ranks(model.buffers(), world), world);
  const at::Tensor mean = model.buffers().front().tensor;
  mean.fill_(world.rank());
  const at::Tensor images = at::zeros({2, 3, 4, 4}).add(world.rank() + 1);
  parallel.forward(images).sum().backward();
  // To what rank 0 had before the step, or to its own.
  const int before = broadcast ? 0 : world.rank();
  expect(mean.equal(at::zeros({3}).add(before + world.rank() + 1)), world);
  parallel.sync_buffers();
  expect(mean.equal(at::zeros({3}).add(1)), world);
}

}  // namespace

void buffers(World& world) {
  step_with_buffers(world, /*broadcast=*/false);
  step_with_buffers(world, /*broadcast=*/true);

  models::Model model = small_model(world.rank());
  dist::DataParallel parallel(model, world);
  const at::Tensor mean = model.buffers().front().tensor;
  const at::Tensor images = at::zeros({2, 3, 4, 4}).add(world.rank() + 1);
  mean.fill_(world.rank() + 1);
  parallel.sync_buffers();
  expect(mean.equal(at::zeros({3}).add(1)), world);

  model.train(false);  // an evaluation may differ in its number of batches: it sends nothing
  if (world.is_first()) parallel.forward(images);
  world.barrier();
}

void different_models(World& world) {
  const bool other = world.rank() == world.size() - 1;
  models::Model model = small_model(0, other ? kClasses + 2 : kClasses);
  std::string message;
  try {
    const dist::DataParallel parallel(model, world);
  } catch (const DistError& error) {
    message = error.what();
  }
  expect(message.find("weight Float [5, 16]") != std::string::npos, world);
  expect(message.find("weight Float [7, 16]") != std::string::npos, world);
  expect(message.find("ranks 0 and " + std::to_string(world.size() - 1)) != std::string::npos,
         world);
}

// Ranks keep gradients of different numbers of micro-batches: none of those passes says a word.
void kept_gradients(World& world) {
  models::Model model = small_model(0);
  models::Model reference = small_model(0);
  dist::DataParallel parallel(model, world);
  const int kept = world.is_first() ? 3 : 1;
  for (int i = 0; i < kept; ++i) {
    const Batch mine = share(whole_batch(20 + i), world);
    loss_of(parallel.forward(mine.images, dist::Gradients::keep), mine).backward();
    loss_of(reference.forward(mine.images), mine).backward();
  }
  const auto expect_same_gradients = [&] {
    for (std::size_t i = 0; i < model.parameters().size(); ++i) {
      const at::Tensor actual = model.parameters()[i].tensor.grad();
      expect(largest_difference(actual, reference.parameters()[i].tensor.grad()) < 1e-6, world);
    }
  };
  expect_same_gradients();

  const Batch mine = share(whole_batch(30), world);
  loss_of(parallel.forward(mine.images), mine).backward();
  loss_of(reference.forward(mine.images), mine).backward();
  for (const models::NamedTensor& parameter : reference.parameters()) {
    average_over_ranks(parameter.tensor.mutable_grad(), world);
  }
  expect_same_gradients();
}

// Against the average of the ranks' own gradients: 2^-11 of each is lost when it becomes a half,
// as much when that is divided, and as much of the sum with each addition (where partial sums
// travel as halves); halves below 2^-14 lie 2^-24 apart.
void compressed_gradients(World& world) {
  models::Model model = small_model(0);
  models::Model reference = small_model(0);
  dist::DataParallel parallel(model, world, {.compression = dist::Compression::fp16});
  const double roundings = 2 + world.size();
  for (int step = 0; step < 3; ++step) {
    const Batch mine = share(whole_batch(20 + step), world);
    loss_of(parallel.forward(mine.images), mine).backward();
    loss_of(reference.forward(mine.images), mine).backward();

    std::vector<models::NamedTensor> gradients;
    bool any_differs = false;
    for (std::size_t i = 0; i < model.parameters().size(); ++i) {
      at::Tensor gradient = model.parameters()[i].tensor.grad();
      at::Tensor expected = reference.parameters()[i].tensor.grad().clone();
      at::Tensor magnitude = expected.abs();
      average_over_ranks(expected, world);
      average_over_ranks(magnitude, world);
      const at::Tensor tolerance = magnitude * (roundings * 0x1p-11) + roundings * 0x1p-24;
      expect((gradient - expected).abs().le(tolerance).all().item<bool>(), world);
      expect(world.size() == 1 || gradient.to(at::kHalf).to(at::kFloat).equal(gradient), world);
      any_differs |= !gradient.equal(expected);
      gradients.push_back({model.parameters()[i].name, gradient});
    }
    expect(any_differs == (world.size() > 1), world);
    expect(equal_on_all_ranks(gradients, world), world);
    sgd_step(model, step % 2 == 0);
    load_parameters(reference, model);
  }
}

void a_rank_skips_the_backward_pass(World& world) {
  models::Model model = small_model(0);
  dist::DataParallel parallel(model, world);
  if (world.rank() == world.size() - 1) {
    std::this_thread::sleep_for(std::chrono::seconds(100));
    return;
  }
  const Batch mine = share(whole_batch(20), world);
  std::string message;
  try {
    loss_of(parallel.forward(mine.images), mine).backward();
  } catch (const DistError& error) {
    message = error.what();
  }
  expect(message.find("waited 2 s for rank " + std::to_string(world.size() - 1) +
                      " to come to the allreduce of gradients") != std::string::npos,
         world);
  if (world.is_first()) {
    std::printf("as expected: %s\n", message.c_str());
    std::fflush(stdout);
    world.abort(3);
  }
}

}  // namespace imgcls::dist_test
