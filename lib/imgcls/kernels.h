#pragma once
// Convolutions of our own on CPUs with AVX2.
//
//   kernels/fast_convolutions.h   turned on and off, and what they take
//   kernels/used_convolutions.h   which ones a network computes
//   kernels/single_convolution.h  one by itself, to be measured
//
// Inside, in the order in which things happen:
//   kernels/convolution_choice.h   which shapes are ours, by a model of the costs
//   kernels/winograd.h             3x3 of stride 1: forward and both gradients
//   kernels/winograd_tiles.h       how images are cut into tiles for it
//   kernels/weight_gradient.h      the weights' gradient of 1x1 and of strides
//   kernels/convolution_kernels.h  the loops, for each kind of vector unit
//   kernels/threads.h              threads and memory

#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/kernels/single_convolution.h>
#include <imgcls/kernels/used_convolutions.h>
