#include <imgcls/core/error.h>
#include <imgcls/core/instruction_set.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/kernels/single_convolution.h>

#include <ATen/CompositeExplicitAutogradFunctions.h>
#include <ATen/Functions.h>
#include <torch/library.h>

#include <array>
#include <mutex>
#include <optional>
#include <tuple>

namespace imgcls::kernels {
namespace {

bool& exact_only() {
  thread_local bool exact = false;
  return exact;
}

/// The shape, if it is one that may be ours here.
std::optional<ConvolutionShape> taken_shape(const ConvolutionRequest& request) {
  return exact_only() ? std::nullopt : shape_of(request);
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, std::int64_t groups) {
  const auto shape = taken_shape({input, weight, stride, padding, dilation, transposed, groups});
  const at::Tensor added = bias.value_or(at::Tensor());
  const bool takes_bias =
      !added.defined() || (added.scalar_type() == at::kFloat && added.is_contiguous() &&
                           added.numel() == weight.size(0));
  if (shape && takes_bias && fastest_method(*shape, Part::forward) == Method::winograd) {
    return forward_by(*shape, input, weight, added);
  }
  return at::compositeexplicitautograd::convolution(input, weight, bias, stride, padding, dilation,
                                                    transposed, output_padding, groups);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
    at::OptionalIntArrayRef bias_sizes, at::IntArrayRef stride, at::IntArrayRef padding,
    at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding, std::int64_t groups,
    std::array<bool, 3> mask) {
  std::tuple<at::Tensor, at::Tensor, at::Tensor> made;
  const auto shape = taken_shape({input, weight, stride, padding, dilation, transposed, groups});
  std::array<bool, 3> left = mask;
  if (shape && is_plain(gradient)) {
    if (mask[0] && fastest_method(*shape, Part::input_gradient) == Method::winograd) {
      std::get<0>(made) = input_gradient_by(*shape, gradient, weight);
      left[0] = false;
    }
    const Method method = fastest_method(*shape, Part::weight_gradient);
    if (mask[1] && method != Method::aten) {
      std::get<1>(made) = weight_gradient_by(*shape, method, input, gradient);
      left[1] = false;
    }
  }
  if (!left[0] && !left[1] && left[2]) {  // nothing but a sum
    std::get<2>(made) = gradient.sum(at::IntArrayRef{0, 2, 3});
    left[2] = false;
  }
  if (!left[0] && !left[1] && !left[2]) return made;
  const auto rest = at::compositeexplicitautograd::convolution_backward(
      gradient, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding,
      groups, left);
  if (left[0]) std::get<0>(made) = std::get<0>(rest);
  if (left[1]) std::get<1>(made) = std::get<1>(rest);
  if (left[2]) std::get<2>(made) = std::get<2>(rest);
  return made;
}

}  // namespace

bool can_convolve_fast() {
#ifdef IMGCLS_X86
  return data::is_available(data::InstructionSet::avx2) && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

bool uses_fast_convolutions(FastConvolutions choice) {
  if (choice == FastConvolutions::on && !can_convolve_fast()) {
    throw ConfigError(
        "train.fast_convolutions is on, but this processor has no AVX2 with fused multiply-add; "
        "expected auto or off");
  }
  if (choice != FastConvolutions::automatic) return choice == FastConvolutions::on;
  return can_convolve_fast() && !data::is_available(data::InstructionSet::avx512);
}

std::string_view convolution_path(bool fast) {
  return fast ? "winograd and products (AVX2)" : "oneDNN";
}

struct FastConvolutionsGuard::Registration {
  torch::Library library{torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__};
};

FastConvolutionsGuard::FastConvolutionsGuard() {
  static std::mutex mutex;
  static std::weak_ptr<Registration> current;
  const std::scoped_lock lock(mutex);
  registration_ = current.lock();
  if (registration_) return;
  registration_ = std::make_shared<Registration>();
  registration_->library.impl("convolution", TORCH_FN(convolution));
  registration_->library.impl("convolution_backward", TORCH_FN(convolution_backward));
  current = registration_;
}

FastConvolutionsGuard::~FastConvolutionsGuard() = default;

ExactConvolutionsGuard::ExactConvolutionsGuard() : before_(exact_only()) {
  exact_only() = true;
}

ExactConvolutionsGuard::~ExactConvolutionsGuard() {
  exact_only() = before_;
}

}  // namespace imgcls::kernels
