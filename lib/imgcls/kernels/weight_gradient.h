#pragma once
// The weights' gradient of a convolution as products of matrices, for the shapes in which oneDNN's
// AVX2 code is far from the processor's peak: 1x1 over small images, and strides. Internal to
// imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/convolution_shape.h>

namespace imgcls::kernels {

/// Float32 in channels_last, channels that are multiples of 8, any kernel, stride and padding.
/// `output` is outputs x kernel x kernel x inputs. The bits do not depend on the number of threads:
/// each sum is in the order of images and places.
void product_weight_gradient(const ConvolutionKernels& kernels, const ConvolutionShape& shape,
                             const float* input, const float* gradient, float* output);

}  // namespace imgcls::kernels
