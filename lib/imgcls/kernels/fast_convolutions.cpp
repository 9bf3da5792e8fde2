#include <imgcls/core/error.h>
#include <imgcls/core/instruction_set.h>
#include <imgcls/kernels/convolution_choice.h>
#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/kernels/weight_gradient.h>
#include <imgcls/kernels/winograd.h>

#include <ATen/CompositeExplicitAutogradFunctions.h>
#include <ATen/Functions.h>
#include <torch/library.h>

#include <array>
#include <mutex>
#include <optional>
#include <tuple>

namespace imgcls::kernels {
namespace {

// What ATen is asked for beside the tensors, as far as it decides whether a convolution is taken.
struct Settings {
  at::IntArrayRef stride, padding, dilation;
  bool transposed;
  std::int64_t groups;
};

bool& exact_only() {
  thread_local bool exact = false;
  return exact;
}

const ConvolutionKernels& kernels() {
#ifdef IMGCLS_X86
  return kAvx2Kernels;
#else
  return kPortableKernels;
#endif
}

bool is_plain(const at::Tensor& tensor) {
  return tensor.defined() && tensor.dim() == 4 && tensor.scalar_type() == at::kFloat &&
         tensor.layout() == at::kStrided && tensor.numel() > 0 && !tensor.is_conj() &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

/// The shape, if it is one that this room's functions take.
std::optional<ConvolutionShape> shape_of(const at::Tensor& input, const at::Tensor& weight,
                                         const Settings& settings) {
  if (exact_only() || settings.transposed || settings.groups != 1) return std::nullopt;
  if (!is_plain(input) || !is_plain(weight) || weight.size(2) != weight.size(3)) {
    return std::nullopt;
  }
  if (input.size(1) != weight.size(1)) return std::nullopt;  // ATen says what is wrong
  const auto both = [](at::IntArrayRef values) {
    return values.size() == 1 || (values.size() == 2 && values[0] == values[1]);
  };
  if (!both(settings.stride) || !both(settings.padding) || !both(settings.dilation)) {
    return std::nullopt;
  }
  if (settings.dilation[0] != 1 || settings.stride[0] < 1 || settings.padding[0] < 0) {
    return std::nullopt;
  }
  const ConvolutionShape shape{.images = input.size(0),
                               .height = input.size(2),
                               .width = input.size(3),
                               .inputs = input.size(1),
                               .outputs = weight.size(0),
                               .kernel = weight.size(2),
                               .stride = settings.stride[0],
                               .padding = settings.padding[0]};
  const bool fits = shape.height + 2 * shape.padding >= shape.kernel &&
                    shape.width + 2 * shape.padding >= shape.kernel;
  return fits ? std::optional(shape) : std::nullopt;
}

at::Tensor like_images(std::int64_t images, std::int64_t channels, std::int64_t height,
                       std::int64_t width) {
  return at::empty({images, channels, height, width}, at::TensorOptions(at::kFloat),
                   at::MemoryFormat::ChannelsLast);
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, std::int64_t groups) {
  const auto shape = shape_of(input, weight, {stride, padding, dilation, transposed, groups});
  const bool has_bias = bias.has_value() && bias->defined();
  const bool takes_bias = !has_bias || (bias->scalar_type() == at::kFloat &&
                                        bias->is_contiguous() && bias->numel() == weight.size(0));
  if (!shape || !takes_bias || forward_method(*shape) != Method::winograd) {
    return at::compositeexplicitautograd::convolution(input, weight, bias, stride, padding,
                                                      dilation, transposed, output_padding, groups);
  }
  at::Tensor output =
      like_images(shape->images, shape->outputs, shape->out_height(), shape->out_width());
  winograd_forward(kernels(), *shape, input.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                   has_bias ? bias->const_data_ptr<float>() : nullptr,
                   output.mutable_data_ptr<float>());
  return output;
}

at::Tensor input_gradient(const ConvolutionShape& shape, const at::Tensor& gradient,
                          const at::Tensor& weight) {
  at::Tensor made = like_images(shape.images, shape.inputs, shape.height, shape.width);
  winograd_input_gradient(kernels(), shape, gradient.const_data_ptr<float>(),
                          weight.const_data_ptr<float>(), made.mutable_data_ptr<float>());
  return made;
}

at::Tensor weight_gradient(const ConvolutionShape& shape, Method method, const at::Tensor& input,
                           const at::Tensor& gradient) {
  at::Tensor made = like_images(shape.outputs, shape.inputs, shape.kernel, shape.kernel);
  const auto compute =
      method == Method::winograd ? winograd_weight_gradient : product_weight_gradient;
  compute(kernels(), shape, input.const_data_ptr<float>(), gradient.const_data_ptr<float>(),
          made.mutable_data_ptr<float>());
  return made;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
    at::OptionalIntArrayRef bias_sizes, at::IntArrayRef stride, at::IntArrayRef padding,
    at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding, std::int64_t groups,
    std::array<bool, 3> mask) {
  std::tuple<at::Tensor, at::Tensor, at::Tensor> made;
  const auto shape = shape_of(input, weight, {stride, padding, dilation, transposed, groups});
  std::array<bool, 3> left = mask;
  if (shape && is_plain(gradient)) {
    if (mask[0] && input_gradient_method(*shape) == Method::winograd) {
      std::get<0>(made) = input_gradient(*shape, gradient, weight);
      left[0] = false;
    }
    const Method method = mask[1] ? weight_gradient_method(*shape) : Method::aten;
    if (method != Method::aten) {
      std::get<1>(made) = weight_gradient(*shape, method, input, gradient);
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
