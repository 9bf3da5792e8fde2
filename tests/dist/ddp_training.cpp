// Programs on LibTorch with DistributedDataParallel, against the same program in one process that
// has the whole batch: torch::optim, limits of gradients, micro-batches. In double precision, so
// that what differs is not rounding.
#include <imgcls/core/error.h>
#include <imgcls/dist/distributed_data_parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "ddp.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

constexpr double kTolerance = 1e-12;
constexpr std::int64_t kRows = 12;  // of all ranks

struct TwoLayersImpl : torch::nn::Module {
  explicit TwoLayersImpl(double seed) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : parameters()) {
      parameter.copy_(values(parameter.sizes(), seed++, 0.5));
    }
    to(torch::kDouble);
  }
  torch::Tensor forward(const torch::Tensor& x) { return second(torch::tanh(first(x))); }
  torch::nn::Linear first = register_module("first", torch::nn::Linear(4, 8));
  torch::nn::Linear second = register_module("second", torch::nn::Linear(8, 2));
};
TORCH_MODULE(TwoLayers);

torch::Tensor rows(int step) {
  return values({kRows, 4}, 20 + step, 1).to(torch::kDouble);
}

torch::Tensor share(const torch::Tensor& all, World& world) {
  return all.tensor_split(world.size())[static_cast<std::size_t>(world.rank())];
}

torch::Tensor loss_of(const torch::Tensor& outputs, const torch::Tensor& inputs) {
  return torch::mse_loss(outputs, inputs.narrow(1, 0, 2).sin());
}

double difference(torch::nn::Module& a, torch::nn::Module& b) {
  double largest = 0;
  const auto left = a.parameters(), right = b.parameters();
  for (std::size_t i = 0; i < left.size(); ++i) {
    largest = std::max(largest, (left[i] - right[i]).abs().max().item<double>());
  }
  return largest;
}

using Parameters = std::vector<torch::Tensor>;
using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(const Parameters&)>;

const std::vector<MakeOptimizer> kOptimizers{
    [](const Parameters& parameters) {
      return std::make_unique<torch::optim::SGD>(
          parameters, torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-3));
    },
    [](const Parameters& parameters) {
      return std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-2));
    },
    [](const Parameters& parameters) {
      return std::make_unique<torch::optim::AdamW>(parameters, torch::optim::AdamWOptions(1e-2));
    },
    [](const Parameters& parameters) {
      return std::make_unique<torch::optim::RMSprop>(parameters,
                                                     torch::optim::RMSpropOptions(1e-2));
    },
    [](const Parameters& parameters) {
      return std::make_unique<torch::optim::Adagrad>(parameters,
                                                     torch::optim::AdagradOptions(1e-2));
    },
};

/// Steps of both programs, of which each sets gradients to undefined, or zero, at its beginning.
void check_optimizer(World& world, const MakeOptimizer& make, bool views, bool to_none) {
  TwoLayers net(world.rank()), reference(0);  // each rank starts from other weights
  dist::DistributedDataParallel ddp(net, world, {.gradient_as_bucket_view = views});
  const auto optimizer = make(net->parameters()), expected = make(reference->parameters());
  for (int step = 0; step < 4; ++step) {
    const torch::Tensor all = rows(step), mine = share(all, world);
    optimizer->zero_grad(to_none);
    loss_of(ddp.forward(mine), mine).backward();
    const double norm = torch::nn::utils::clip_grad_norm_(net->parameters(), 0.1);
    optimizer->step();

    expected->zero_grad(to_none);
    loss_of(reference->forward(all), all).backward();
    const double whole = torch::nn::utils::clip_grad_norm_(reference->parameters(), 0.1);
    expected->step();
    expect(norm > 0.1 && std::abs(norm - whole) < kTolerance, world);
    expect(difference(*net, *reference) < kTolerance, world);
  }
  expect(difference(*net, *TwoLayers(0)) > 1e-3, world);
}

}  // namespace

void torchs_optimizers(World& world) {
  for (const MakeOptimizer& make : kOptimizers) {
    for (const bool views : {false, true}) {
      for (const bool to_none : {false, true}) check_optimizer(world, make, views, to_none);
    }
  }
}

// Decides by the loss how many passes it takes: each rank by the mean, or they would not take
// equally many.
void torchs_lbfgs(World& world) {
  for (const bool views : {false, true}) {
    TwoLayers net(world.rank()), reference(0);
    dist::DistributedDataParallel ddp(net, world, {.gradient_as_bucket_view = views});
    const auto options = torch::optim::LBFGSOptions(0.5).line_search_fn("strong_wolfe");
    torch::optim::LBFGS optimizer(net->parameters(), options);
    torch::optim::LBFGS expected(reference->parameters(), options);
    const torch::Tensor all = rows(0), mine = share(all, world);
    const double before = loss_of(reference->forward(all), all).item<double>();
    for (int step = 0; step < 2; ++step) {
      optimizer.step([&] {
        optimizer.zero_grad();
        const torch::Tensor loss = loss_of(ddp.forward(mine), mine);
        loss.backward();
        return dist::all_reduce_mean(loss, world);
      });
      expected.step([&] {
        expected.zero_grad();
        const torch::Tensor loss = loss_of(reference->forward(all), all);
        loss.backward();
        return loss;
      });
    }
    // Dozens of passes, each of which builds upon the differences of the ones before.
    expect(difference(*net, *reference) < 1e-6, world);
    expect(loss_of(reference->forward(all), all).item<double>() < before / 5, world);
  }
}

// Ranks may have different numbers of micro-batches before the one that averages.
void micro_batches(World& world) {
  for (const bool views : {false, true}) {
    TwoLayers net(0), reference(0);
    dist::DistributedDataParallel ddp(net, world, {.gradient_as_bucket_view = views});
    torch::optim::SGD optimizer(net->parameters(), 0.1), expected(reference->parameters(), 0.1);
    for (int step = 0; step < 3; ++step) {
      optimizer.zero_grad();
      expected.zero_grad();
      for (int kept = 0; kept <= world.rank(); ++kept) {
        const auto no_sync = ddp.no_sync();
        loss_of(ddp.forward(rows(kept)), rows(kept)).backward();
      }
      loss_of(ddp.forward(rows(7)), rows(7)).backward();
      optimizer.step();

      for (int rank = 0; rank < world.size(); ++rank) {
        torch::Tensor loss = loss_of(reference->forward(rows(7)), rows(7));
        for (int kept = 0; kept <= rank; ++kept) {
          loss = loss + loss_of(reference->forward(rows(kept)), rows(kept));
        }
        (loss / world.size()).backward();
      }
      expected.step();
      expect(difference(*net, *reference) < kTolerance, world);
    }
  }
}

// Whoever keeps a gradient finds it unchanged after later steps, and may put others in its place.
void gradients_of_ones_own(World& world) {
  TwoLayers net(0);
  dist::DistributedDataParallel ddp(net, world);
  const torch::Tensor weight = net->first->weight;
  const auto backward = [&](int step) {
    const torch::Tensor mine = share(rows(step), world);
    loss_of(ddp.forward(mine), mine).backward();
  };
  backward(0);
  const torch::Tensor kept = weight.grad(), copy = kept.clone();
  weight.mutable_grad().reset();
  backward(1);
  expect(kept.equal(copy) && !weight.grad().equal(copy), world);

  net->zero_grad();
  backward(0);
  weight.mutable_grad() = torch::ones_like(weight);  // the same on all ranks: its mean is itself
  backward(0);
  expect((weight.grad() - copy - 1).abs().max().item<double>() < kTolerance, world);
}

}  // namespace imgcls::dist_test
