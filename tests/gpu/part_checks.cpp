// Checks of single parts against the same part on the CPU, or without the GPU's library.
#include "gpu_check.h"

#include <imgcls/dist/device.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/train/input.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace imgcls::gpu_check {
namespace {

/// Values in [-1, 1] that depend on `seed` alone, on the device.
at::Tensor values(at::IntArrayRef shape, double seed, const std::string& device) {
  const at::Tensor steps = at::arange(c10::multiply_integers(shape), at::kDouble);
  return steps.mul(1.7).add(seed).sin().to(at::kFloat).view(shape).to(c10::Device(device));
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.detach().cpu().to(at::kDouble) - b.detach().cpu().to(at::kDouble))
      .abs()
      .max()
      .item<double>();
}

void require_near(double found, double limit, const std::string& what) {
  if (!(found <= limit))
    throw Wrong(fmt::format("{} differ by {:.2e}, above {:.0e}", what, found, limit));
}

/// Parameters and an optimizer on a device, with gradients that depend on the step alone.
struct Descent {
  Descent(const optim::OptimizerOptions& options, const std::string& where) : device(where) {
    for (int i = 0; i < 3; ++i) {
      parameters.push_back({fmt::format("p{}", i), values({64, 33}, i, device).requires_grad_()});
    }
    optimizer = optim::make_optimizer(parameters, options);
  }
  void fill_gradients(int step, double scale = 1) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].tensor.mutable_grad() =
          values({64, 33}, 100 * step + static_cast<double>(i), device).mul(scale);
    }
  }
  double far_from(const Descent& other) const {
    double largest = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      largest = std::max(largest, difference(parameters[i].tensor, other.parameters[i].tensor));
    }
    return largest;
  }

  std::string device;
  std::vector<models::NamedTensor> parameters;
  std::unique_ptr<optim::Optimizer> optimizer;
};

/// What one process tells itself.
class Alone final : public models::StatisticsExchange {
 public:
  at::Tensor gather(const at::Tensor& mine) override { return mine.unsqueeze(0); }
  void sum(at::Tensor& /*values*/) override {}
};

}  // namespace

std::string input(dist::World& world) {
  constexpr int kSide = 37;
  data::Batch batch;
  batch.size = 5;
  batch.side = kSide;
  for (std::size_t i = 0; i < batch.size * kSide * kSide * 3; ++i) {
    batch.images.push_back(static_cast<std::uint8_t>(i * 31 % 256));
  }
  batch.labels.assign(batch.size, 3);
  const train::Normalization normalization;
  const train::DeviceBatch there = train::InputStage(normalization, world.device(), true)(batch);
  const train::DeviceBatch here = train::InputStage(normalization, "cpu", true)(batch);
  const double found = difference(there.images, here.images);
  require_near(found, 1e-6, "normalized images");
  if (!there.labels.cpu().equal(here.labels)) throw Wrong("labels differ");
  if (!there.images.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    throw Wrong("images do not lie channels last");
  }
  return fmt::format("differs from the CPU's by {:.1e} at most", found);
}

std::string optimizers(dist::World& world) {
  std::string detail;
  for (const std::string name : {"adam", "sgd"}) {
    const optim::OptimizerOptions options{.name = name, .weight_decay = 1e-2, .groups = {}};
    Descent there(options, world.device()), here(options, "cpu");
    for (int step = 0; step < 10; ++step) {
      there.fill_gradients(step);
      here.fill_gradients(step);
      there.optimizer->step(1e-2);
      here.optimizer->step(1e-2);
    }
    const double found = there.far_from(here);
    require_near(found, 1e-5, name + "'s parameters after 10 steps");
    if (there.far_from(Descent(options, "cpu")) < 1e-3) throw Wrong(name + " changes nothing");
    detail += fmt::format("{} {:.1e}, ", name, found);
  }
  return detail + "from the CPU's after 10 steps";
}

std::string scaler(dist::World& world) {
  const optim::OptimizerOptions options{.name = "sgd", .groups = {}};
  Descent descent(options, world.device());
  const Descent start(options, "cpu");
  optim::GradScaler scaler(world.device(), {.growth_interval = 2});
  const double first = scaler.current_scale();

  descent.fill_gradients(0, first);
  {
    const at::NoGradGuard no_grad;
    descent.parameters[1].tensor.mutable_grad()[3][4] = std::numeric_limits<float>::infinity();
  }
  scaler.step(*descent.optimizer, 0.1);
  if (descent.far_from(start) != 0) throw Wrong("a step with an infinite gradient was taken");
  if (scaler.current_scale() != first / 2) {
    throw Wrong(fmt::format("the scale became {} after {}", scaler.current_scale(), first));
  }

  descent.fill_gradients(1, first / 2);
  scaler.step(*descent.optimizer, 0.1);
  Descent by_hand(options, "cpu");
  by_hand.fill_gradients(1);
  by_hand.optimizer->step(0.1);
  require_near(descent.far_from(by_hand), 1e-6, "a scaled step and one without a scale");

  optim::GradScaler resumed(world.device(), {.growth_interval = 2});
  resumed.load(scaler.current_scale(), scaler.growth_tracker());
  for (optim::GradScaler* each : {&scaler, &resumed}) {
    descent.fill_gradients(2, first / 2);
    each->step(*descent.optimizer, 0.1);
    if (each->current_scale() != first) {
      throw Wrong(fmt::format("the scale did not grow back to {}, but is {}{}", first,
                              each->current_scale(), each == &resumed ? " when resumed" : ""));
    }
  }
  return fmt::format("scale {} halved and grown again; skipped, taken, resumed", first);
}

std::string batch_norm(dist::World& world) {
  const c10::Device device(world.device());
  const auto run = [&](bool shared) {
    models::BatchNorm2d layer(16);
    layer->to(device);
    layer->train();
    if (shared) layer->set_exchange(std::make_shared<Alone>());
    const at::Tensor images = values({8, 16, 9, 9}, 1, world.device())
                                  .mul(3)
                                  .add(2)
                                  .contiguous(at::MemoryFormat::ChannelsLast)
                                  .requires_grad_();
    const at::Tensor out = layer->forward(images);
    (out * values({8, 16, 9, 9}, 2, world.device())).sum().backward();
    return std::vector<at::Tensor>{out,
                                   images.grad(),
                                   layer->weight.grad(),
                                   layer->bias.grad(),
                                   layer->running_mean,
                                   layer->running_var};
  };
  const auto plain = run(false), shared = run(true);
  const std::array names{"outputs",
                         "gradients of the images",
                         "gradients of the weight",
                         "gradients of the bias",
                         "running means",
                         "running variances"};
  double largest = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double size = std::max(1.0, plain[i].detach().abs().max().item<double>());
    const double found = difference(plain[i], shared[i]) / size;
    require_near(found, 1e-5, names[i]);
    largest = std::max(largest, found);
  }
  return fmt::format("with and without an exchange within {:.1e}", largest);
}

std::string nccl(dist::World& world) {
  if (world.device() == "cpu") throw NeedsGpu();
  const dist::Device device = dist::choose_device(dist::DeviceKind::cuda, world);
  const auto store = c10::make_intrusive<c10d::HashStore>();
  const auto backend = device.plugin->connect_nccl(store, 0, 1, std::chrono::seconds(60));
  const at::Tensor sent = values({1000, 7}, 5, world.device());

  std::vector<at::Tensor> tensors{sent.clone()};
  backend->allreduce(tensors)->wait();
  if (!tensors[0].equal(sent)) throw Wrong("allreduce changes the tensor");
  backend->broadcast(tensors)->wait();
  if (!tensors[0].equal(sent)) throw Wrong("broadcast changes the tensor");
  std::vector<std::vector<at::Tensor>> gathered{{at::empty_like(sent)}};
  backend->allgather(gathered, tensors)->wait();
  if (!gathered[0][0].equal(sent)) throw Wrong("allgather gives another tensor");
  std::vector<at::Tensor> halves{sent.to(at::kHalf)};
  backend->allreduce(halves)->wait();
  if (!halves[0].equal(sent.to(at::kHalf))) throw Wrong("allreduce changes halves");
  backend->shutdown();
  return "allreduce, broadcast and allgather give back what went in; shut down";
}

}  // namespace imgcls::gpu_check
