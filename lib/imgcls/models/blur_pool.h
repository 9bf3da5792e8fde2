#pragma once
// Blurring before a reduction: Zhang, "Making convolutional networks shift-invariant again"
// (arXiv:1904.11486), placed as in Composer's BlurPool: in front of a convolution of stride 2, and
// in place of a max pool's stride.

#include <ATen/core/Tensor.h>

#include <mutex>

namespace imgcls::models {

/// Each channel blurred by the outer product of (1, 2, 1) / 4 with itself, zeros around. It has no
/// parameters. Several threads may use one.
class BlurPool {
 public:
  /// N x C x H x W, of which every `stride`-th row and column is kept.
  at::Tensor operator()(const at::Tensor& x, int stride) const;

 private:
  at::Tensor filter_for(const at::Tensor& x) const;

  mutable std::mutex mutex_;
  mutable at::Tensor filter_;  // 3 x 3, of the last input's type and on its device: making it anew
                               // in each call would make a GPU wait for the host
};

}  // namespace imgcls::models
