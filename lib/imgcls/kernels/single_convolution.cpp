#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/single_convolution.h>
#include <imgcls/kernels/threads.h>
#include <imgcls/kernels/weight_gradient.h>
#include <imgcls/kernels/winograd.h>

#include <ATen/Functions.h>

#include <algorithm>
#include <chrono>

namespace imgcls::kernels {
namespace {

const ConvolutionKernels& kernels() {
#ifdef IMGCLS_X86
  return kAvx2Kernels;
#else
  return kPortableKernels;
#endif
}

at::Tensor like_images(std::int64_t images, std::int64_t channels, std::int64_t height,
                       std::int64_t width) {
  return at::empty({images, channels, height, width}, at::TensorOptions(at::kFloat),
                   at::MemoryFormat::ChannelsLast);
}

}  // namespace

bool is_plain(const at::Tensor& tensor) {
  return tensor.defined() && tensor.dim() == 4 && tensor.scalar_type() == at::kFloat &&
         tensor.layout() == at::kStrided && tensor.numel() > 0 && !tensor.is_conj() &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

std::optional<ConvolutionShape> shape_of(const ConvolutionRequest& request) {
  const at::Tensor &input = request.input, &weight = request.weight;
  if (request.transposed || request.groups != 1) return std::nullopt;
  if (!is_plain(input) || !is_plain(weight) || weight.size(2) != weight.size(3)) {
    return std::nullopt;
  }
  if (input.size(1) != weight.size(1)) return std::nullopt;  // ATen says what is wrong
  const auto both = [](at::IntArrayRef values) {
    return values.size() == 1 || (values.size() == 2 && values[0] == values[1]);
  };
  if (!both(request.stride) || !both(request.padding) || !both(request.dilation)) {
    return std::nullopt;
  }
  if (request.dilation[0] != 1 || request.stride[0] < 1 || request.padding[0] < 0) {
    return std::nullopt;
  }
  const ConvolutionShape shape{.images = input.size(0),
                               .height = input.size(2),
                               .width = input.size(3),
                               .inputs = input.size(1),
                               .outputs = weight.size(0),
                               .kernel = weight.size(2),
                               .stride = request.stride[0],
                               .padding = request.padding[0]};
  const bool fits = shape.height + 2 * shape.padding >= shape.kernel &&
                    shape.width + 2 * shape.padding >= shape.kernel;
  return fits ? std::optional(shape) : std::nullopt;
}

at::Tensor forward_by(const ConvolutionShape& shape, const at::Tensor& input,
                      const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor output =
      like_images(shape.images, shape.outputs, shape.out_height(), shape.out_width());
  winograd_forward(kernels(), shape, input.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                   bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                   output.mutable_data_ptr<float>());
  return output;
}

at::Tensor input_gradient_by(const ConvolutionShape& shape, const at::Tensor& gradient,
                             const at::Tensor& weight) {
  at::Tensor made = like_images(shape.images, shape.inputs, shape.height, shape.width);
  winograd_input_gradient(kernels(), shape, gradient.const_data_ptr<float>(),
                          weight.const_data_ptr<float>(), made.mutable_data_ptr<float>());
  return made;
}

at::Tensor weight_gradient_by(const ConvolutionShape& shape, Method method, const at::Tensor& input,
                              const at::Tensor& gradient) {
  at::Tensor made = like_images(shape.outputs, shape.inputs, shape.kernel, shape.kernel);
  const auto compute =
      method == Method::winograd ? winograd_weight_gradient : product_weight_gradient;
  compute(kernels(), shape, input.const_data_ptr<float>(), gradient.const_data_ptr<float>(),
          made.mutable_data_ptr<float>());
  return made;
}

double peak_gflops() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kRounds = 1'000'000;
  constexpr std::chrono::milliseconds kLong(200);
  const int threads = thread_count();
  std::chrono::duration<double> least = kLong;
  for (const auto start = Clock::now(); Clock::now() - start < kLong;) {
    const auto begin = Clock::now();
    in_parallel(0, threads, 1, [](std::int64_t first, std::int64_t last, int) {
      float out[kPanel];
      for (; first < last; ++first) kernels().spin(kRounds, out);
    });
    least = std::min<std::chrono::duration<double>>(least, Clock::now() - begin);
  }
  return 2e-9 * static_cast<double>(kSpin * kRounds) * threads / least.count();
}

}  // namespace imgcls::kernels
