#pragma once
// Which convolutions imgcls computes itself on a CPU.

#include <imgcls/kernels/convolution_shape.h>

namespace imgcls::kernels {

/// What is computed of a convolution in a training step.
enum class Part {
  forward,          ///< the output
  input_gradient,   ///< of the loss, by the input
  weight_gradient,  ///< of the loss, by the weights
};

/// How a part is computed.
enum class Method {
  aten,      ///< by ATen, which asks oneDNN
  winograd,  ///< winograd.h
  products,  ///< weight_gradient.h
};

/// The way of our own, be it faster or not; `aten` where there is none.
Method own_method(const ConvolutionShape& shape, Part part);

/// The way that is the fastest by a model of what each takes on AVX2, which was fitted to times of
/// single shapes.
Method fastest_method(const ConvolutionShape& shape, Part part);

}  // namespace imgcls::kernels
