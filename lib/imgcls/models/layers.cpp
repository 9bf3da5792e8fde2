#include <imgcls/models/layers.h>

#include <ATen/Context.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace imgcls::models {

at::Tensor activate(Activation kind, const at::Tensor& x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::relu6:
      return at::hardtanh(x, 0, 6);
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::hardswish:
      return at::hardswish(x);
    case Activation::sigmoid:
      return at::sigmoid(x);
    case Activation::hardsigmoid:
      return at::hardsigmoid(x);
  }
  return x;
}

at::Tensor activate_(Activation kind, at::Tensor x) {
  switch (kind) {
    case Activation::relu:
      return at::relu_(x);
    case Activation::relu6:
      return at::hardtanh_(x, 0, 6);
    case Activation::silu:
      return at::silu_(x);
    case Activation::hardswish:
      return at::hardswish_(x);
    default:
      return activate(kind, x);
  }
}

Step activation(Activation kind) {
  return [kind](const at::Tensor& x) { return activate_(kind, x); };
}

Step max_pool(int kernel, int stride, int padding, bool ceil_mode) {
  return [=](const at::Tensor& x) {
    return at::max_pool2d(x, {kernel, kernel}, {stride, stride}, {padding, padding}, {1, 1},
                          ceil_mode);
  };
}

at::Tensor global_average(const at::Tensor& x) {
  return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
}

at::Tensor adaptive_average(const at::Tensor& x, int height, int width) {
  if (x.device().is_cpu() || !at::globalContext().deterministicAlgorithms()) {
    return at::adaptive_avg_pool2d(x, {height, width});
  }
  return adaptive_average_by_slices(x, height, width);
}

namespace {

/// Means along `dim`, of `parts` stretches that cover it as adaptive pooling's do.
at::Tensor means_along(const at::Tensor& x, std::int64_t dim, std::int64_t parts) {
  const std::int64_t size = x.size(dim);
  if (size == parts) return x;
  std::vector<at::Tensor> means;
  for (std::int64_t i = 0; i < parts; ++i) {
    const std::int64_t begin = i * size / parts, end = ((i + 1) * size + parts - 1) / parts;
    means.push_back(x.narrow(dim, begin, end - begin).mean(dim, /*keepdim=*/true));
  }
  return at::cat(means, dim);
}

}  // namespace

at::Tensor adaptive_average_by_slices(const at::Tensor& x, int height, int width) {
  return means_along(means_along(x, 2, height), 3, width);
}

Chain conv_norm_act(int in, int out, const ConvNormActOptions& options) {
  Chain chain;
  add_conv_norm_act(chain, in, out, options);
  return chain;
}

void add_conv_norm_act(Chain& chain, int in, int out, const ConvNormActOptions& options) {
  namespace nn = torch::nn;
  chain->add(nn::Conv2d(nn::Conv2dOptions(in, out, options.kernel)
                            .stride(options.stride)
                            .padding(options.padding.value_or((options.kernel - 1) / 2))
                            .groups(options.groups)
                            .bias(false)));
  chain->add(BatchNorm2d(nn::BatchNorm2dOptions(out).eps(options.eps).momentum(options.momentum)));
  if (options.activation != Activation::none) chain->add(activation(options.activation));
}

SqueezeExciteImpl::SqueezeExciteImpl(int channels, int squeezed, Activation activation,
                                     Activation gate)
    : fc1_(register_module("fc1",
                           torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, squeezed, 1)))),
      fc2_(register_module("fc2",
                           torch::nn::Conv2d(torch::nn::Conv2dOptions(squeezed, channels, 1)))),
      activation_(activation),
      gate_(gate) {}

at::Tensor SqueezeExciteImpl::forward(const at::Tensor& x) {
  const at::Tensor means = at::adaptive_avg_pool2d(x, {1, 1});
  return activate(gate_, fc2_(activate_(activation_, fc1_(means)))) * x;
}

at::Tensor StochasticDepthImpl::forward(const at::Tensor& branch) const {
  if (!is_training() || p_ == 0) return branch;
  std::vector<std::int64_t> an_image(static_cast<std::size_t>(branch.dim()), 1);
  an_image[0] = branch.size(0);
  at::Tensor kept = at::empty(an_image, branch.options()).bernoulli_(1 - p_);
  if (p_ < 1) kept.div_(1 - p_);
  return branch * kept;
}

ResidualChainImpl::ResidualChainImpl(const std::string& name, Chain layers, bool adds_input,
                                     double drop_path)
    : layers_(register_module(name, std::move(layers))),
      adds_input_(adds_input),
      drop_path_(register_module("drop_path", StochasticDepth(drop_path))) {}

at::Tensor ResidualChainImpl::forward(const at::Tensor& x) {
  at::Tensor y = layers_(x);
  return adds_input_ ? drop_path_->forward(y).add_(x) : y;
}

Chain dropout_and_linear(double dropout, int channels, int classes) {
  Chain chain;
  chain->add(torch::nn::Dropout(dropout));
  chain->add(torch::nn::Linear(channels, classes));
  return chain;
}

int make_divisible(double channels, int divisor) {
  constexpr double kLeast = 0.9;
  int rounded = std::max(divisor, static_cast<int>(channels + divisor / 2.0) / divisor * divisor);
  if (rounded < kLeast * channels) rounded += divisor;
  return rounded;
}

}  // namespace imgcls::models
