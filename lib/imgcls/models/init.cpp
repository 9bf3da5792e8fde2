#include <imgcls/core/error.h>
#include <imgcls/models/init.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/where.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

namespace imgcls::models {
namespace {

double normal_cdf(double x) {
  return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0;
}

}  // namespace

void trunc_normal_(const at::Tensor& tensor, double mean, double std, double low, double high) {
  constexpr double kLeastInside = 0.3;
  if (normal_cdf((high - mean) / std) - normal_cdf((low - mean) / std) <= kLeastInside) {
    throw ConfigError("trunc_normal_: too little of the distribution lies between the limits");
  }
  const at::NoGradGuard no_grad;
  // Limits that the tensor's type can hold, or a value at the limit would count as outside.
  const auto lowest = static_cast<float>(low), highest = static_cast<float>(high);
  at::Tensor result = tensor.normal_(mean, std);
  for (;;) {
    const at::Tensor outside = (result < lowest).logical_or(result > highest);
    if (!outside.any().item<bool>()) break;
    result = at::where(outside, at::empty_like(result).normal_(mean, std), result);
  }
  if (!result.is_same(tensor)) tensor.copy_(result);
}

void initialize_by_fan_out(const torch::nn::Module& net) {
  for (const auto& module : net.modules(/*include_self=*/false)) {
    if (const auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut);
      if (conv->bias.defined()) torch::nn::init::zeros_(conv->bias);
    } else if (const auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::normal_(linear->weight, 0, 0.01);
      torch::nn::init::zeros_(linear->bias);
    }
  }
}

}  // namespace imgcls::models
