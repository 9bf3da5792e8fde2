#pragma once
// A small network for the tests of data parallelism: two convolutions, a buffer, a linear layer.

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <imgcls/models/model.h>
#include <torch/nn/module.h>

namespace imgcls::dist_test {

inline constexpr std::int64_t kBatch = 12;
inline constexpr std::int64_t kClasses = 5;

/// Values in [-scale, scale] that depend on `seed` alone.
inline at::Tensor values(at::IntArrayRef shape, double seed, double scale) {
  const std::int64_t count = c10::multiply_integers(shape);
  const at::Tensor steps = at::arange(count, at::kDouble);
  return steps.mul(1.7).add(seed).sin().mul(scale).to(at::kFloat).view(shape);
}

struct SmallNet : torch::nn::Module {
  explicit SmallNet(double seed, std::int64_t classes = kClasses)
      : first(register_parameter("first", values({8, 3, 3, 3}, seed, 0.3))),
        second(register_parameter("second", values({16, 8, 1, 1}, seed + 1, 0.5))),
        weight(register_parameter("weight", values({classes, 16}, seed + 2, 0.5))),
        bias(register_parameter("bias", values({classes}, seed + 3, 0.1))),
        mean(register_buffer("mean", values({3}, seed + 4, 0.0))) {}

  at::Tensor forward(const at::Tensor& images) {
    if (is_training()) mean.add_(images.detach().mean({0, 2, 3}));
    at::Tensor x = at::relu(at::conv2d(images, first, {}, 1, 1));
    x = at::relu(at::conv2d(x, second));
    return at::linear(at::adaptive_avg_pool2d(x, {1, 1}).flatten(1), weight, bias);
  }

  at::Tensor first, second, weight, bias, mean;
};

}  // namespace imgcls::dist_test
