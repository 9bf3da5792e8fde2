// DistributedDataParallel with modules of all kinds: what they are given and give, parameters that
// get no gradient, and what is refused.
#include <imgcls/core/error.h>
#include <imgcls/dist/distributed_data_parallel.h>
#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "ddp.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

using dist::DistributedDataParallel;

/// Its message; empty: it threw none.
template <class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const DistError& error) {
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// This rank's gradients became the means of the gradients that `own` (rank) gives.
bool is_mean(const torch::Tensor& gradient, World& world,
             const std::function<torch::Tensor(int)>& own) {
  torch::Tensor sum = torch::zeros_like(gradient);
  for (int rank = 0; rank < world.size(); ++rank) sum += own(rank);
  return (gradient - sum / world.size()).abs().max().item<double>() < 1e-6;
}

struct Answer {
  torch::Tensor sum;
  std::map<std::string, torch::Tensor> rest;
};

struct Asker : torch::nn::Module {
  Answer forward(const torch::Tensor& a, const torch::Tensor& b, double scale) {
    return {a * weight + b * scale, {{"product", a * b * other}}};
  }
  torch::Tensor weight = register_parameter("weight", torch::ones(3));
  torch::Tensor other = register_parameter("other", torch::full({3}, 2.0));
};

/// Words in, a class out: an embedding, a recurrent layer, a linear one, of which the first has two
/// names.
struct WordsImpl : torch::nn::Module {
  explicit WordsImpl(bool sparse = false)
      : embedding(register_module(
            "embedding", torch::nn::Embedding(torch::nn::EmbeddingOptions(20, 6).sparse(sparse)))),
        again(register_module("again", embedding)),
        recurrent(register_module("recurrent", torch::nn::GRU(6, 5))),
        linear(register_module("linear", torch::nn::Linear(5, 2))) {}
  std::tuple<torch::Tensor, torch::Tensor> forward(const torch::Tensor& words) {
    const auto [outputs, state] = recurrent(embedding(words) + again(words));
    return {linear(outputs[-1]), state};
  }
  torch::nn::Embedding embedding, again;
  torch::nn::GRU recurrent;
  torch::nn::Linear linear;
};
TORCH_MODULE(Words);

/// Of three branches it takes one or two; nobody takes the last.
struct BranchesImpl : torch::nn::Module {
  torch::Tensor forward(const torch::Tensor& x, bool both) {
    const torch::Tensor y = x * always;
    return both ? y + x * sometimes : y;
  }
  torch::Tensor always = register_parameter("always", torch::ones(3));
  torch::Tensor sometimes = register_parameter("sometimes", torch::ones(3));
  torch::Tensor never = register_parameter("never", torch::ones(3));
};
TORCH_MODULE(Branches);

torch::Tensor row(int rank) {
  return torch::tensor({1.0F, 2.0F, 3.0F}) * (rank + 1);
}

}  // namespace

void many_inputs_and_outputs(World& world) {
  const auto module = std::make_shared<Asker>();
  DistributedDataParallel ddp(module, world);
  const Answer answer = ddp(row(world.rank()), row(1), 0.5);
  (answer.sum.sum() + answer.rest.at("product").sum()).backward();
  expect(is_mean(module->weight.grad(), world, row), world);
  expect(is_mean(module->other.grad(), world, [](int rank) { return row(rank) * row(1); }), world);

  // Two forward passes, one backward pass.
  module->zero_grad();
  const torch::Tensor first = ddp(row(0), row(1), 1).sum;
  const Answer second = ddp(row(world.rank()), row(0), 1);
  (first.sum() + second.sum.sum() + second.rest.at("product").sum()).backward();
  expect(is_mean(module->weight.grad(), world, [](int rank) { return row(0) + row(rank); }), world);
}

void words(World& world) {
  torch::manual_seed(1 + world.rank());
  Words net;
  DistributedDataParallel ddp(net, world);
  torch::optim::Adam optimizer(net->parameters(), 1e-2);
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    const auto [logits, state] = ddp(torch::randint(20, {7, 4}));
    (torch::cross_entropy_loss(logits, torch::arange(4) % 2) + state.sum()).backward();
    optimizer.step();
  }
  for (const torch::Tensor& parameter : net->parameters()) {
    const torch::Tensor mean = dist::all_reduce_mean(parameter.to(torch::kDouble), world);
    expect((mean - parameter).abs().max().item<double>() < 1e-12, world);
  }

  if (world.size() == 1) return;
  Words sparse(true);
  DistributedDataParallel refused(sparse, world);
  const std::string message = message_of([&] {
    std::get<0>(refused(torch::randint(20, {7, 4}))).sum().backward();
  });
  expect(holds(message, "embedding.weight has a sparse gradient"), world);
}

void several_modules(World& world) {
  torch::nn::Linear generator(3, 3), critic(3, 1);
  generator->to(torch::kDouble);
  DistributedDataParallel one(generator, world), other(critic, world);
  torch::optim::SGD first(generator->parameters(), 0.1), second(critic->parameters(), 0.1);
  for (int step = 0; step < 3; ++step) {  // both in one backward pass, then the critic alone
    first.zero_grad();
    second.zero_grad();
    other(one(row(world.rank()).to(torch::kDouble)).to(torch::kFloat)).sum().backward();
    first.step();
    second.zero_grad();
    other(row(world.rank())).sum().backward();
    second.step();
    expect(is_mean(critic->weight.grad().flatten(), world, row), world);
  }
  torch::nn::Linear raw(3, 1);
  DistributedDataParallel of_reference(*raw, world);
  of_reference(row(world.rank())).sum().backward();
  expect(is_mean(raw->weight.grad().flatten(), world, row), world);
  expect(&of_reference.module() == raw.get() && of_reference->parameters().size() == 2, world);
}

// Ranks take different branches in different steps.
void parameters_without_gradients(World& world) {
  for (const bool views : {false, true}) {
    Branches net;
    DistributedDataParallel ddp(net, world,
                                {.find_unused_parameters = true, .gradient_as_bucket_view = views});
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1).weight_decay(0.1));
    for (int step = 0; step < 4; ++step) {
      const auto takes = [&](int rank) { return step < 3 && (rank + step) % 2 == 0; };
      bool anyone = false;
      for (int rank = 0; rank < world.size(); ++rank) anyone |= takes(rank);
      optimizer.zero_grad();
      ddp(row(world.rank()), takes(world.rank())).sum().backward();
      expect(is_mean(net->always.grad(), world, row), world);
      expect(net->sometimes.grad().defined() == anyone, world);
      if (anyone) {
        expect(is_mean(net->sometimes.grad(), world,
                       [&](int rank) { return row(rank) * (takes(rank) ? 1 : 0); }),
               world);
      }
      expect(world.size() == 1 || !net->never.grad().defined(), world);
      optimizer.step();
    }
    expect(net->never.equal(torch::ones(3)), world);  // not even its decay
  }
}

void refused_by_name(World& world) {
  if (world.size() == 1) return;
  Branches net;
  DistributedDataParallel ddp(net, world);
  const std::string message = message_of([&] { ddp(row(0), false).sum().backward(); });
  expect(holds(message, "no gradient to sometimes, never:"), world);
  expect(holds(message, "find_unused_parameters"), world);
  // Not a step more.
  expect(message_of([&] { ddp(row(0), true); }) == message, world);
}

void frozen_and_moved(World& world) {
  Branches net;
  net->never.set_requires_grad(false);
  DistributedDataParallel ddp(net, world);
  ddp(row(world.rank()), true).sum().backward();
  expect(is_mean(net->sometimes.grad(), world, row) && !net->never.grad().defined(), world);
  if (world.size() == 1) return;

  const auto try_it = [&] { return message_of([&] { ddp(row(0), true); }); };
  net->never.set_requires_grad(true);
  expect(holds(try_it(), "never was unfrozen after"), world);
  net->never.set_requires_grad(false);
  net->always.set_requires_grad(false);
  expect(holds(try_it(), "always was frozen after"), world);
  net->always.set_requires_grad(true);
  expect(try_it().empty(), world);
  net->to(torch::kDouble);
  expect(holds(try_it(), "was Float cpu when"), world);

  const auto elsewhere = std::make_shared<Asker>();
  elsewhere->register_buffer("elsewhere", torch::ones(3, torch::kMeta));
  const std::string message = message_of([&] { DistributedDataParallel(elsewhere, world); });
  expect(holds(message, "elsewhere is on meta, but this rank's device is cpu"), world);
  expect(holds(message_of([&] { DistributedDataParallel(net, world, {.bucket_cap_mb = 0}); }),
               "bucket_cap_mb is 0"),
         world);
  expect(holds(message_of([&] { dist::all_reduce_mean(torch::arange(3), world); }), "Long"), world);
  expect(holds(message_of([&] { DistributedDataParallel(std::shared_ptr<BranchesImpl>(), world); }),
               "no module"),
         world);
}

// Batch norm's statistics are rank 0's at each step's beginning, and after sync_buffers.
void buffers_of_modules(World& world) {
  torch::nn::BatchNorm1d norm(1);
  DistributedDataParallel ddp(norm, world);
  const auto mean = [&] { return norm->running_mean.item<double>(); };
  const auto forward = [&] {
    ddp(torch::tensor({{0.0F}, {2.0F}}) + 10.0F * static_cast<float>(world.rank()))
        .sum()
        .backward();
  };
  forward();
  const double own = 0.1 * (1 + 10 * world.rank());
  expect(std::abs(mean() - own) < 1e-6, world);
  forward();
  expect(std::abs(mean() - 0.9 * 0.1 - own) < 1e-6, world);
  ddp.sync_buffers();
  expect(std::abs(mean() - 0.19) < 1e-6, world);
  ddp->eval();  // sends nothing
  if (world.is_first()) ddp(torch::ones({2, 1}));
}

}  // namespace imgcls::dist_test
