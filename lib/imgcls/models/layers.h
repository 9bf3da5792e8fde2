#pragma once
// Blocks that several families of networks share, with torchvision's parameter names.

#include <imgcls/models/batch_norm.h>
#include <imgcls/models/chain.h>

#include <torch/nn/modules/conv.h>

#include <optional>
#include <string>

namespace imgcls::models {

/// Functions that follow a layer, by PyTorch's names.
enum class Activation { none, relu, relu6, silu, gelu, hardswish, sigmoid, hardsigmoid };

/// Applies `kind`; in place where ATen can and the tensor is ours to change, as in layers that just
/// made it.
at::Tensor activate(Activation kind, const at::Tensor& x);
at::Tensor activate_(Activation kind, at::Tensor x);  ///< in place where it can

/// `activate_` as a step of a chain.
Step activation(Activation kind);

/// A maximum over kernel x kernel places as a step of a chain. `ceil_mode` keeps a last row and
/// column that the stride does not reach in full.
Step max_pool(int kernel, int stride, int padding = 0, bool ceil_mode = false);

/// The channels' means, N x C, of N x C x H x W.
at::Tensor global_average(const at::Tensor& x);

/// at::adaptive_avg_pool2d. Its backward pass on GPUs adds in any order, and PyTorch refuses it
/// where deterministic algorithms are asked for; then, and on devices other than CPUs alone, the
/// means are taken a row and a column of the result at a time (adaptive_average_by_slices).
at::Tensor adaptive_average(const at::Tensor& x, int height, int width);

/// The same means, N x C x height x width, of N x C x H x W, to rounding; where H x W is what is
/// asked for already, x itself. Rows and columns may overlap.
at::Tensor adaptive_average_by_slices(const at::Tensor& x, int height, int width);

/// What conv_norm_act is to make; what is not here is as PyTorch has it.
struct ConvNormActOptions {
  int kernel = 3;  ///< side of the square of places
  int stride = 1;  ///< across and down
  int groups = 1;  ///< of channels, each convolved alone; 1: all together
  /// (kernel - 1) / 2 where unset.
  std::optional<int> padding = {};
  Activation activation = Activation::relu;  ///< the last of the three; none: it is left out
  /// Batch norm's.
  double eps = 1e-5, momentum = 0.1;
};

/// A convolution without bias ("0"), batch norm ("1") and an activation ("2"): torchvision's
/// Conv2dNormActivation.
Chain conv_norm_act(int in, int out, const ConvNormActOptions& options);
/// The same three at the end of a chain, where families have not nested them.
void add_conv_norm_act(Chain& chain, int in, int out, const ConvNormActOptions& options);

/// Squeeze-and-excitation (Hu et al., arXiv:1709.01507), "fc1" and "fc2": channels are scaled by
/// what two 1x1 convolutions make of their means. As torchvision's SqueezeExcitation.
class SqueezeExciteImpl : public torch::nn::Module {
 public:
  /// `channels` of the images, `squeezed` between the two convolutions; `gate` makes the factors.
  SqueezeExciteImpl(int channels, int squeezed, Activation activation = Activation::relu,
                    Activation gate = Activation::sigmoid);
  at::Tensor forward(const at::Tensor& x);  ///< N x channels x H x W, scaled

 private:
  torch::nn::Conv2d fc1_, fc2_;
  Activation activation_, gate_;
};
TORCH_MODULE(SqueezeExcite);

/// Stochastic depth (Huang et al., arXiv:1603.09382), by image: in training a residual branch is
/// left out with probability p, and scaled by 1 / (1 - p) where it is not. It has no parameters.
class StochasticDepthImpl : public torch::nn::Module {
 public:
  /// The probability to leave a branch out, 0 to 1.
  explicit StochasticDepthImpl(double p) : p_(p) {}
  at::Tensor forward(const at::Tensor& branch) const;  ///< in evaluation mode the branch itself

 private:
  double p_;
};
TORCH_MODULE(StochasticDepth);

/// A chain to whose result its input is added where both have one shape, MobileNetV2's inverted
/// residual: "conv", say, and stochastic depth.
class ResidualChainImpl : public torch::nn::Module {
 public:
  /// `name`: what the chain is called in it.
  ResidualChainImpl(const std::string& name, Chain layers, bool adds_input, double drop_path);
  at::Tensor forward(const at::Tensor& x);  ///< what the chain makes of it, and it

 private:
  Chain layers_;
  bool adds_input_;
  StochasticDepth drop_path_;
};
TORCH_MODULE(ResidualChain);

/// Dropout ("0") and the layer that gives the logits ("1").
Chain dropout_and_linear(double dropout, int channels, int classes);

/// Channels rounded to a multiple of `divisor`, never less than 0.9 of `channels`: MobileNet's
/// _make_divisible.
int make_divisible(double channels, int divisor = 8);

}  // namespace imgcls::models
