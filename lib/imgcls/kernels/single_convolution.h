#pragma once
// One convolution by itself, in the way that is asked for: what fast_convolutions.h hands to
// models, and what is measured of it.

#include <imgcls/kernels/convolution_choice.h>

#include <ATen/core/Tensor.h>

#include <optional>

namespace imgcls::kernels {

/// A convolution as ATen is asked for it.
struct ConvolutionRequest {
  at::Tensor input, weight;                   ///< images, and outputs x inputs x down x across
  at::IntArrayRef stride, padding, dilation;  ///< of one number or two
  bool transposed = false;                    ///< a transposed one is no shape of ours
  std::int64_t groups = 1;                    ///< nor is one of more groups
};

/// The request's shape, where it is of a kind that Winograd's algorithm or products are written
/// for: float32, channels_last, one group, no dilation, the same both ways.
std::optional<ConvolutionShape> shape_of(const ConvolutionRequest& request);

/// Whether a tensor is float32 in channels_last, with something in it.
bool is_plain(const at::Tensor& tensor);

/// The output by Method::winograd; `bias` has a value for each output channel, or is undefined.
at::Tensor forward_by(const ConvolutionShape& shape, const at::Tensor& input,
                      const at::Tensor& weight, const at::Tensor& bias);

/// The input's gradient by Method::winograd.
at::Tensor input_gradient_by(const ConvolutionShape& shape, const at::Tensor& gradient,
                             const at::Tensor& weight);

/// The weights' gradient, by a method of our own.
at::Tensor weight_gradient_by(const ConvolutionShape& shape, Method method, const at::Tensor& input,
                              const at::Tensor& gradient);

/// Fused multiply-adds on all of ATen's threads at once, each counted as two operations a lane, in
/// 10^9 a second: what no convolution can exceed with AVX2. Measured, in some 0.1 s.
double peak_gflops();

}  // namespace imgcls::kernels
