#pragma once
// Convolutions of our own on CPUs with AVX2.
//
//   kernels/fast_convolutions.h   turned on and off, and what they take
//
// Inside, in the order in which things happen:
//   kernels/convolution_choice.h   which shapes are ours, by a model of the costs
//   kernels/winograd.h             3x3 of stride 1: forward and both gradients
//   kernels/weight_gradient.h      the weights' gradient of 1x1 and of strides
//   kernels/convolution_kernels.h  the loops, for each kind of vector unit

#include <imgcls/kernels/fast_convolutions.h>
