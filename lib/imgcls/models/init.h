#pragma once
// First values of weights: what LibTorch's torch::nn::init lacks, drawn as PyTorch 2.15 draws it,
// and what several families share.

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace imgcls::models {

/// A normal distribution cut off at `low` and `high`: torch.nn.init.trunc_normal_, which draws
/// again what lies outside. Throws ConfigError where less than 0.3 of the distribution lies inside:
/// PyTorch draws in another way there, which no network of the zoo needs.
void trunc_normal_(const at::Tensor& tensor, double mean, double std, double low = -2,
                   double high = 2);

/// The first weights of torchvision's VGG and MobileNets: convolutions normal by their fan-out (He
/// et al., arXiv:1502.01852), the other layers normal with deviation 0.01, biases 0. Draws in the
/// order of `net`'s modules.
void initialize_by_fan_out(const torch::nn::Module& net);

}  // namespace imgcls::models
