#pragma once
// 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3), forward and backward, over float32 in
// channels_last. Internal to imgcls::kernels.
//
// Channels are multiples of 8, the padding is 0, 1 or 2. Tensors are images x height x width x
// channels, weights outputs x 3 x 3 x inputs. The bits do not depend on the number of threads:
// every sum has one order.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/convolution_shape.h>

namespace imgcls::kernels {

/// `bias` has a value for each output channel, or is null.
void winograd_forward(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                      const float* input, const float* weights, const float* bias, float* output);

/// The input's gradient from the output's, `gradient`.
void winograd_input_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* gradient, const float* weights, float* output);

/// The weights' gradient.
void winograd_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                              const float* input, const float* gradient, float* output);

}  // namespace imgcls::kernels
