// gpu_ranks cpu|cuda: five steps of data-parallel SGD, and what each rank has to show for them: its
// device, how far its first gradients are from those of one process with the whole batch, and a
// hash of its parameters at the end. Fails where gradients are further than kLimit, or hashes
// differ. check.sh looks at the lines as well; on CPUs it is a test of itself.
#include "../dist/small_net.h"

#include <ATen/Context.h>
#include <imgcls/core/sha256.h>
#include <imgcls/dist/data_parallel.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

using namespace imgcls;
using dist_test::kBatch;
using dist_test::kClasses;
using dist_test::SmallNet;

namespace {

/// Sums in another order differ by that much at most.
constexpr double kLimit = 1e-5;

at::Tensor loss(const at::Tensor& logits) {
  const std::int64_t images = logits.size(0);
  return at::cross_entropy_loss(
      logits, at::arange(images, at::kLong).remainder(kClasses).to(logits.device()));
}

void sgd_step(const models::Model& model) {
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& parameter : model.parameters()) {
    at::Tensor(parameter.tensor).add_(parameter.tensor.grad(), -0.1);
    parameter.tensor.mutable_grad().reset();
  }
}

double largest_difference(const models::Model& a, const models::Model& b) {
  double largest = 0;
  const auto left = a.parameters(), right = b.parameters();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const at::Tensor difference = left[i].tensor.grad().cpu() - right[i].tensor.grad().cpu();
    largest = std::max(largest, difference.abs().max().item<double>());
  }
  return largest;
}

std::string hash(const models::Model& model) {
  std::string bytes;
  for (const models::NamedTensor& named : model.parameters()) {
    const at::Tensor tensor = named.tensor.cpu().contiguous();
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return sha256(std::as_bytes(std::span(bytes)));
}

/// Whether all is as it should be; the same on all ranks.
bool run(dist::World& world) {
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  models::Model model(std::make_shared<SmallNet>(world.rank()));  // rank 0's weights count
  models::Model alone(std::make_shared<SmallNet>(0));
  model.to(world.device());
  dist::DataParallel parallel(model, world);
  // The labels of every share are the same, so that shares of kBatch images make the whole batch.
  const auto images = [](int step, int rank) {
    return dist_test::values({kBatch, 3, 6, 6}, 30 + step + 0.1 * rank, 1);
  };

  double difference = 0;
  for (int step = 0; step < 5; ++step) {
    loss(parallel.forward(images(step, world.rank()).to(world.device()))).backward();
    if (step == 0) {
      for (int rank = 0; rank < world.size(); ++rank) {
        (loss(alone.forward(images(step, rank))) / world.size()).backward();
      }
      difference = largest_difference(model, alone);
    }
    sgd_step(model);
  }
  const std::string mine = hash(model);
  std::printf("rank %d of %d device %s backend %s gradients %.1e parameters %s\n", world.rank(),
              world.size(), world.device().c_str(), std::string(world.backend()).c_str(),
              difference, mine.c_str());
  std::fflush(stdout);
  bool right = true;
  for (const std::string& each : world.gather(mine)) right = right && each == mine;
  return world.max(right && difference <= kLimit ? 0 : 1) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view device = argc == 2 ? argv[1] : "";
  if (device != "cpu" && device != "cuda") {
    std::fputs("usage: gpu_ranks cpu|cuda\n", stderr);
    return 2;
  }
  std::unique_ptr<dist::World> world;
  try {
    world =
        dist::launch({.device = device == "cpu" ? dist::DeviceKind::cpu : dist::DeviceKind::cuda,
                      .timeout_s = 60});
    const bool right = run(*world);
    if (!right && world->is_first()) {
      std::fprintf(stderr, "gradients differ by more than %.0e, or parameters between ranks\n",
                   kLimit);
    }
    return right ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    if (world) world->abort(1);
    return 1;
  }
}
