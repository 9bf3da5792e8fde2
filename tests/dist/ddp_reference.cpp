// DistributedDataParallel against PyTorch's own, whose numbers ddp_reference.py made.
#include <imgcls/core/file.h>
#include <imgcls/dist/distributed_data_parallel.h>
#include <paths.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ddp.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

constexpr double kTolerance = 1e-6;

torch::nn::Sequential network() {
  torch::nn::Sequential net(torch::nn::Linear(torch::nn::LinearOptions(6, 8).bias(false)),
                            torch::nn::BatchNorm1d(8), torch::nn::ReLU(), torch::nn::Linear(8, 3));
  const torch::NoGradGuard no_grad;
  double seed = 0;
  for (torch::Tensor& parameter : net->parameters()) {
    parameter.copy_(values(parameter.sizes(), seed++, 0.5));
  }
  return net;
}

/// This rank's part of a half of the step's batch.
torch::Tensor backward(dist::DistributedDataParallel<torch::nn::SequentialImpl>& ddp, World& world,
                       int step, int half) {
  constexpr std::int64_t kRows = 24;
  const std::int64_t share = kRows / 2 / world.size();
  const std::int64_t first = half * (kRows / 2) + world.rank() * share;
  const auto rows = values({kRows, 6}, 10 + step, 1).narrow(0, first, share);
  const auto labels = torch::arange(kRows).remainder(3).narrow(0, first, share);
  const auto loss = torch::cross_entropy_loss(ddp.forward(rows), labels) / 2;
  loss.backward();
  return loss.detach();
}

void check_against_python(World& world, bool views) {
  const auto expected = nlohmann::json::parse(
      read_text(IMGCLS_SOURCE_DIR "/tests/dist/ddp_reference.json"))[std::to_string(world.size())];
  const auto is_near = [&](double value, const nlohmann::json& reference) {
    return std::abs(value - reference.get<double>()) < kTolerance;
  };
  torch::nn::Sequential net = network();
  dist::DistributedDataParallel ddp(net, world, {.gradient_as_bucket_view = views});
  torch::optim::AdamW optimizer(net->parameters(), torch::optim::AdamWOptions(1e-2));
  for (std::size_t step = 0; step < expected["losses"].size(); ++step) {
    optimizer.zero_grad();
    torch::Tensor loss;
    {
      const auto no_sync = ddp.no_sync();
      loss = backward(ddp, world, static_cast<int>(step), 0);
    }
    loss += backward(ddp, world, static_cast<int>(step), 1);
    const double norm = torch::nn::utils::clip_grad_norm_(net->parameters(), 0.05);
    optimizer.step();
    expect(is_near(norm, expected["norms"][step]), world);
    const auto mean = dist::all_reduce_mean(loss, world);
    expect(is_near(mean.item<double>(), expected["losses"][step]), world);
  }
  ddp.sync_buffers();  // the reference is rank 0's
  auto state = net->named_parameters();
  for (const auto& buffer : net->named_buffers()) state.insert(buffer.key(), buffer.value());
  expect(state.size() == expected["state"].size(), world);
  for (const auto& item : state) {
    const auto& reference = expected["state"][item.key()];
    const auto flat = item.value().to(torch::kDouble).flatten();
    expect(flat.numel() == std::ssize(reference), world);
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      expect(is_near(flat[i].item<double>(), reference[static_cast<std::size_t>(i)]), world);
    }
  }
}

}  // namespace

void pytorchs_numbers(World& world) {
  check_against_python(world, /*views=*/false);
  check_against_python(world, /*views=*/true);
}

}  // namespace imgcls::dist_test
