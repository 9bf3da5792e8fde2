#pragma once
// Convolutions of our own on a CPU with AVX2, under every model, without a change to it: they stand
// before ATen's in PyTorch's table of operators. On processors without AVX-512, oneDNN has no
// Winograd, and its weight gradients are far from the peak in many shapes.
//
// What they take: float32, images and weights in channels_last, one group, no dilation, the same
// stride and padding both ways, channels that are multiples of 8, more than one image, and shapes
// for which a model of the costs says that they are faster. All else goes to ATen as before.
// Results differ from ATen's by rounding: the greatest error is at most 3 times that of oneDNN's
// direct sum. They do not depend on the number of threads.

#include <memory>
#include <string_view>

namespace imgcls::kernels {

/// Whether a run uses them.
enum class FastConvolutions {
  automatic,  ///< on a processor that has AVX2 and no AVX-512
  on,         ///< on any processor that has AVX2; an error elsewhere
  off,        ///< PyTorch's on any processor
};

/// Whether this processor can run them.
bool can_convolve_fast();

/// Whether a run on the CPU with `choice` uses them. Throws ConfigError for `on` where the
/// processor cannot.
bool uses_fast_convolutions(FastConvolutions choice);

/// "winograd and products (AVX2)" or "oneDNN", as environment.json has it.
std::string_view convolution_path(bool fast);

/// While one lives, PyTorch's convolutions on CPU tensors are these, in the whole process. The
/// first is made, and the last destroyed, while no other thread runs a network.
class FastConvolutionsGuard {
 public:
  FastConvolutionsGuard();
  ~FastConvolutionsGuard();
  FastConvolutionsGuard(const FastConvolutionsGuard&) = delete;
  FastConvolutionsGuard& operator=(const FastConvolutionsGuard&) = delete;

 private:
  struct Registration;
  std::shared_ptr<Registration> registration_;
};

/// While it lives, this thread's convolutions are ATen's, so that an evaluation has its bits.
class ExactConvolutionsGuard {
 public:
  ExactConvolutionsGuard();
  ~ExactConvolutionsGuard();
  ExactConvolutionsGuard(const ExactConvolutionsGuard&) = delete;
  ExactConvolutionsGuard& operator=(const ExactConvolutionsGuard&) = delete;

 private:
  bool before_;
};

}  // namespace imgcls::kernels
