// Batch norm over the images of all ranks, against torch's over the whole batch.
#include <ATen/ops/randn.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/precision.h>

#include <optional>
#include <string>

#include "compare.h"
#include "ranks.h"
#include "small_net.h"

namespace imgcls::dist_test {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kImages = 12, kChannels = 5;

/// A network that is one layer.
template <class Layer>
struct OneLayer : nn::Module {
  explicit OneLayer(Layer made) : layer(register_module("layer", std::move(made))) {}
  at::Tensor forward(const at::Tensor& images) { return layer->forward(images); }
  Layer layer;
};

/// Which of the whole batch's images each rank has.
enum class Shares { equal, growing, none_on_the_last };

at::Tensor my_part(const at::Tensor& whole, Shares shares, const World& world) {
  const std::int64_t ranks = world.size(), rank = world.rank();
  if (shares == Shares::none_on_the_last && ranks > 1) {
    const std::int64_t count = rank == ranks - 1 ? 0 : kImages / (ranks - 1);
    const std::int64_t rest = rank == 0 ? kImages % (ranks - 1) : 0;
    const std::int64_t first = rank == 0 ? 0 : kImages % (ranks - 1) + rank * count;
    return whole.narrow(0, rank == ranks - 1 ? 0 : first, count + rest);
  }
  if (shares == Shares::growing && ranks > 1) {  // 1, 2, 3, ... and the rest
    const std::int64_t first = rank * (rank + 1) / 2;
    return whole.slice(0, first, rank == ranks - 1 ? kImages : first + rank + 1);
  }
  return whole.narrow(0, rank * (kImages / ranks), kImages / ranks);
}

at::Tensor sum_over_ranks(const at::Tensor& tensor, World& world) {
  at::Tensor sum = tensor.to(at::kDouble).contiguous();
  world.sum({sum.data_ptr<double>(), static_cast<std::size_t>(sum.numel())});
  return sum;
}

/// Images whose channels have other means and deviations, the same on all ranks.
at::Tensor random_images(int step, at::ScalarType type, bool channels_last) {
  at::manual_seed(100 + static_cast<std::uint64_t>(step));
  const at::Tensor scale = at::arange(1, kChannels + 1).view({1, kChannels, 1, 1});
  const at::Tensor images = at::randn({kImages, kChannels, 7, 5}) * scale + scale * 2;
  return images.to(type).contiguous(channels_last ? at::MemoryFormat::ChannelsLast
                                                  : at::MemoryFormat::Contiguous);
}

struct Setting {
  nn::BatchNormOptions options{kChannels};
  Shares shares = Shares::equal;
  bool channels_last = true;
  at::ScalarType type = at::kFloat;
  double tolerance = 1e-5;
};

bool close(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  return actual.sizes() == expected.sizes() &&
         at::allclose(actual.to(at::kDouble), expected.to(at::kDouble), tolerance, tolerance);
}

/// Steps of plain gradient descent on a weighted sum of what comes out.
void check_steps(World& world, const Setting& setting) {
  const at::ScalarType parameters = setting.type == at::kDouble ? at::kDouble : at::kFloat;
  auto ours = std::make_shared<OneLayer<models::BatchNorm2d>>(models::BatchNorm2d(setting.options));
  nn::BatchNorm2d reference(setting.options);
  ours->to(parameters);
  reference->to(parameters);
  dist::synchronize_batch_norm(models::Model(ours), world);

  for (int step = 0; step < 4; ++step) {
    const at::Tensor whole = random_images(step, setting.type, setting.channels_last);
    const at::Tensor weights = at::randn_like(whole);
    const auto mine = [&](const at::Tensor& t) { return my_part(t, setting.shares, world); };
    const at::Tensor part = mine(whole).clone().requires_grad_();
    const at::Tensor all = whole.clone().to(parameters).requires_grad_();

    const at::Tensor output = ours->forward(part);
    (output * mine(weights)).sum().backward();
    const at::Tensor expected = reference->forward(all);
    (expected * weights.to(parameters)).sum().backward();

    const double tolerance = setting.tolerance;
    expect(output.scalar_type() == setting.type, world);
    expect(part.numel() == 0 || output.strides() == part.strides(), world);
    expect(close(output, mine(expected), tolerance), world);
    expect(close(part.grad(), mine(all.grad()), tolerance), world);
    for (std::size_t i = 0; i < reference->parameters().size(); ++i) {
      at::Tensor weight = ours->parameters()[i], other = reference->parameters()[i];
      expect(close(sum_over_ranks(weight.grad(), world), other.grad(), 10 * tolerance), world);
      const at::NoGradGuard no_grad;  // the same step for both, so that each step stands alone
      weight.sub_(other.grad(), 0.01);
      other.sub_(other.grad(), 0.01);
      weight.mutable_grad().reset();
      other.mutable_grad().reset();
    }
    for (std::size_t i = 0; i < reference->buffers().size(); ++i) {
      expect(close(ours->buffers()[i], reference->buffers()[i], 1e-5), world);
    }
  }
  expect(equal_on_all_ranks(models::Model(ours).buffers(), world), world);
}

template <class Layer>
std::string refusal(Layer layer, World& world) {
  try {
    dist::synchronize_batch_norm(
        models::Model(std::make_shared<OneLayer<Layer>>(std::move(layer)), "mine"), world);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

void sync_batch_norm(World& world) {
  for (const Shares shares : {Shares::equal, Shares::growing, Shares::none_on_the_last}) {
    for (const bool channels_last : {false, true}) {
      check_steps(world, {.shares = shares, .channels_last = channels_last});
      check_steps(world, {.options = nn::BatchNormOptions(kChannels).affine(false).eps(0.1),
                          .shares = shares,
                          .channels_last = channels_last});
    }
    const auto cumulative = nn::BatchNormOptions(kChannels).momentum(std::nullopt);
    check_steps(world, {.options = cumulative, .shares = shares});
    const auto untracked = nn::BatchNormOptions(kChannels).track_running_stats(false);
    check_steps(world, {.options = untracked, .shares = shares});
    check_steps(world, {.shares = shares, .type = at::kDouble, .tolerance = 1e-12});
  }
}

// What goes in and out is rounded to 2^-8 and 2^-11; statistics are not: buffers are equal to 1e-5.
void sync_batch_norm_autocast(World& world) {
  const train::Autocast autocast("cpu", train::Precision::bf16);
  check_steps(world, {.type = at::kBFloat16, .tolerance = 2e-2});
  check_steps(world, {.shares = Shares::growing, .type = at::kHalf, .tolerance = 3e-3});
}

void sync_batch_norm_evaluation(World& world) {
  auto net = std::make_shared<OneLayer<models::BatchNorm2d>>(models::BatchNorm2d(kChannels));
  nn::BatchNorm2d reference(kChannels);
  dist::synchronize_batch_norm(models::Model(net), world);
  for (const bool training : {true, false}) {
    net->train(training);
    reference->train(training);
    const at::Tensor whole = random_images(0, at::kFloat, true);
    if (training) {
      net->forward(my_part(whole, Shares::equal, world));
      reference->forward(whole);
    } else if (world.is_first()) {  // alone: nothing is said
      expect(close(net->forward(whole), reference->forward(whole), 1e-5), world);
    }
  }
  world.barrier();
}

void sync_batch_norm_of_models(World& world) {
  for (const char* name : {"resnet18", "resnet50", "resnet9", "airbench"}) {
    dist::synchronize_batch_norm(models::create(name), world);
  }
  dist::synchronize_batch_norm(models::Model(std::make_shared<SmallNet>(0)), world);

  const std::string two = refusal(nn::BatchNorm2d(3), world);
  if (world.size() == 1) {
    expect(two.empty(), world);
    return;
  }
  for (const char* part :
       {"mine's layer layer", "a torch::nn::BatchNorm2d",
        "write models::BatchNorm2d (imgcls/models/batch_norm.h)", "train.sync_bn=false"}) {
    expect(two.find(part) != std::string::npos, world);
  }
  expect(refusal(nn::BatchNorm1d(3), world).find("N x C x L x 1") != std::string::npos, world);
  expect(refusal(nn::BatchNorm3d(3), world).find("N x C x D x (H W)") != std::string::npos, world);
}

}  // namespace imgcls::dist_test
