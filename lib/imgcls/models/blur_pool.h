#pragma once
// Blurring before a reduction: Zhang, "Making convolutional networks shift-invariant again"
// (arXiv:1904.11486), placed as in Composer's BlurPool: in front of a convolution of stride 2, and
// in place of a max pool's stride.

#include <ATen/core/Tensor.h>

namespace imgcls::models {

/// N x C x H x W, each channel blurred by the outer product of (1, 2, 1) / 4 with itself, zeros
/// around; every `stride`-th row and column is kept.
at::Tensor blur_pool(const at::Tensor& x, int stride);

}  // namespace imgcls::models
