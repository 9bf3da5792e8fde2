#pragma once
// First values of weights that LibTorch's torch::nn::init lacks, drawn as PyTorch 2.15 draws them.

#include <ATen/core/Tensor.h>

namespace imgcls::models {

/// A normal distribution cut off at `low` and `high`: torch.nn.init.trunc_normal_, which draws
/// again what lies outside. Throws ConfigError where less than 0.3 of the distribution lies inside:
/// PyTorch draws in another way there, which no network of the zoo needs.
void trunc_normal_(const at::Tensor& tensor, double mean, double std, double low = -2,
                   double high = 2);

}  // namespace imgcls::models
