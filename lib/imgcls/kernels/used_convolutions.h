#pragma once
// The convolutions that a network computes, found by running it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace imgcls::kernels {

/// A convolution that a network computes, and how often.
struct UsedConvolution {
  std::vector<std::int64_t> input, weight;              ///< sizes
  std::vector<std::int64_t> stride, padding, dilation;  ///< down and across
  std::int64_t groups = 1;                              ///< as ATen has it
  bool channels_last = true;         ///< whether input and weights are float32 in channels_last
  bool wants_input_gradient = true;  ///< false of the first, whose input are images
  int count = 1;                     ///< such ones in a pass through the network

  /// The sizes of what it makes.
  std::vector<std::int64_t> output_sizes() const;
  /// Multiplications and additions of a direct sum, of each of its three parts.
  double operations() const;
};

/// Those that this thread computes in `forward`, a pass of `images` through a network, in the order
/// of the first of each kind. Convolutions that are not over two dimensions are left out.
std::vector<UsedConvolution> convolutions_of(const at::Tensor& images,
                                             const std::function<void()>& forward);

}  // namespace imgcls::kernels
