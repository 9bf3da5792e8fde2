#pragma once
// Newton-Schulz iterations, by which Muon and what follows it make a matrix orthogonal.

#include <ATen/core/Tensor.h>
#include <imgcls/optim/work_sharing.h>

#include <span>
#include <vector>

namespace imgcls::optim {

/// The nearest orthogonal matrix to `matrix` (two dimensions), roughly: singular values end between
/// 0.7 and 1.2. In bfloat16, with the numbers of timm's Muon.
at::Tensor orthogonalize(const at::Tensor& matrix, int iterations);

/// The same of each tensor, a convolution being a matrix of out x (in * height * width), in each
/// one's own shape. With `sharing`, which may be null, a rank does its part alone: the bits are
/// those of the rank that did it.
std::vector<at::Tensor> orthogonalize_all(std::span<const at::Tensor> tensors, int iterations,
                                          WorkSharing* sharing);

}  // namespace imgcls::optim
