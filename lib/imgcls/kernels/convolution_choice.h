#pragma once
// Which convolutions imgcls computes itself on a CPU. Internal to imgcls::kernels.

#include <imgcls/kernels/convolution_shape.h>

namespace imgcls::kernels {

/// How one of a convolution's three parts is computed.
enum class Method {
  aten,      ///< by ATen, which asks oneDNN
  winograd,  ///< winograd.h
  products,  ///< weight_gradient.h
};

/// By a model of what each takes on AVX2, which was fitted to times of single shapes.
Method forward_method(const ConvolutionShape& shape);
Method input_gradient_method(const ConvolutionShape& shape);
Method weight_gradient_method(const ConvolutionShape& shape);

}  // namespace imgcls::kernels
