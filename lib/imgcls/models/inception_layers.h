#pragma once
// What GoogLeNet and Inception v3 share, with torchvision's parameter names.

#include <imgcls/models/batch_norm.h>
#include <imgcls/models/init.h>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {

/// A convolution without bias ("conv"), batch norm ("bn"), ReLU.
class BasicConvImpl : public torch::nn::Module {
 public:
  using Pair = torch::ExpandingArray<2>;  ///< height and width, or one number for both

  /// `in` to `out` channels; batch norm's eps is 1e-3.
  BasicConvImpl(int in, int out, const Pair& kernel, int stride = 1, const Pair& padding = 0)
      : conv_(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                                                            .stride(stride)
                                                            .padding(padding)
                                                            .bias(false)))),
        bn_(register_module("bn", BatchNorm2d(torch::nn::BatchNorm2dOptions(out).eps(1e-3)))) {}

  /// N x out x H' x W' of N x in x H x W.
  at::Tensor forward(const at::Tensor& x) { return bn_(conv_(x)).relu_(); }

 private:
  torch::nn::Conv2d conv_;
  BatchNorm2d bn_;
};
TORCH_MODULE(BasicConv);

/// Draws the weights of a convolution or a linear layer; other modules stay as they are.
inline void draw_inception_weights(torch::nn::Module& module, double std) {
  if (auto* conv = module.as<torch::nn::Conv2d>()) trunc_normal_(conv->weight, 0, std);
  if (auto* linear = module.as<torch::nn::Linear>()) trunc_normal_(linear->weight, 0, std);
}

}  // namespace imgcls::models
