#include <imgcls/models/batch_norm_device.h>
#include <imgcls/models/exchange_carrier.h>

#include <ATen/OpMathType.h>
#include <ATen/ops/batch_norm_backward_elemt.h>
#include <ATen/ops/batch_norm_backward_reduce.h>
#include <ATen/ops/batch_norm_elemt.h>
#include <ATen/ops/batch_norm_gather_stats_with_counts.h>
#include <ATen/ops/batch_norm_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace imgcls::models {
namespace {

using torch::autograd::AutogradContext;

/// Stands for "no images" where a count of zero would be divided by: as good as none beside one.
constexpr double kNoImages = 1e-30;

/// This process's means, inverse deviations and count, one behind the other.
at::Tensor own_statistics(const at::Tensor& images, double eps) {
  const std::int64_t channels = images.size(1);
  const at::TensorOptions options =
      images.options().dtype(at::toOpMathType(images.scalar_type())).memory_format({});
  if (images.numel() == 0) {
    return at::cat({at::zeros({channels}, options), at::ones({channels}, options),
                    at::full({1}, kNoImages, options)});
  }
  const auto [mean, inverse] = at::batch_norm_stats(images, eps);
  const double count = static_cast<double>(images.numel()) / static_cast<double>(channels);
  return at::cat({mean, inverse, at::full({1}, count, options)});
}

class NormalizeOnDevice : public torch::autograd::Function<NormalizeOnDevice> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& images,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const RunningStatistics& running, double eps,
                            std::shared_ptr<StatisticsExchange> exchange) {
    const std::int64_t channels = images.size(1);
    const at::Tensor all = exchange->gather(own_statistics(images, eps));
    const at::Tensor counts = all.narrow(1, 2 * channels, 1).reshape({-1});
    // The kernel takes counts of the running statistics' type: ones that nobody reads keep it
    // float.
    const bool follows = running.mean.defined();
    const auto [mean, inverse] = at::batch_norm_gather_stats_with_counts(
        images, all.narrow(1, 0, channels).contiguous(),
        all.narrow(1, channels, channels).contiguous(),
        follows ? running.mean : all.new_zeros({channels}),
        follows ? running.variance : all.new_ones({channels}), running.momentum, eps, counts);
    context->save_for_backward({images, weight, mean, inverse, counts.to(at::kInt)});
    carry(context, std::move(exchange));
    if (images.numel() == 0) return at::empty_like(images);
    return at::batch_norm_elemt(images, weight, bias, mean, inverse, eps);
  }

  static torch::autograd::variable_list backward(AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    refuse_second_derivative();
    const auto saved = context->get_saved_variables();
    const at::Tensor &images = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3],
                     &counts = saved[4];
    const std::int64_t channels = mean.size(0);
    const at::Tensor gradient = gradients[0].contiguous(images.suggest_memory_format());

    at::Tensor sum = at::zeros_like(mean), sum_with_images = at::zeros_like(mean);
    at::Tensor of_weight = at::zeros_like(mean), of_bias = at::zeros_like(mean);
    if (images.numel() > 0) {
      std::tie(sum, sum_with_images, of_weight, of_bias) = at::batch_norm_backward_reduce(
          gradient, images, mean, inverse, weight, true, weight.defined(), weight.defined());
    }
    at::Tensor sums = at::cat({sum, sum_with_images});
    carried(context).sum(sums);
    at::Tensor of_images = at::zeros_like(images);
    if (images.numel() > 0) {
      of_images = at::batch_norm_backward_elemt(gradient, images, mean, inverse, weight,
                                                sums.narrow(0, 0, channels),
                                                sums.narrow(0, channels, channels), counts);
    }
    if (!weight.defined()) return {of_images, {}, {}, {}, {}, {}};
    return {of_images, of_weight, of_bias, {}, {}, {}};
  }
};

}  // namespace

at::Tensor normalize_on_device(const at::Tensor& images, const at::Tensor& weight,
                               const at::Tensor& bias, const RunningStatistics& running, double eps,
                               std::shared_ptr<StatisticsExchange> exchange) {
  return NormalizeOnDevice::apply(images.contiguous(images.suggest_memory_format()), weight, bias,
                                  running, eps, std::move(exchange));
}

}  // namespace imgcls::models
