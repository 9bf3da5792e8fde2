#include <imgcls/core/error.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/models/batch_norm_device.h>
#include <imgcls/models/exchange_carrier.h>

#include <ATen/OpMathType.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace imgcls::models {

/// Of all processes' images.
struct BatchNorm2dImpl::Statistics {
  at::Tensor mean, variance;  // C; the variance is biased
  at::Tensor count;           // scalar, double: values of a channel
};

namespace {

using Statistics = BatchNorm2dImpl::Statistics;

/// Each process's count, means and sums of squared deviations, put together as in Chan, Golub and
/// LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
Statistics shared_statistics(const at::Tensor& images, StatisticsExchange& exchange) {
  const std::int64_t channels = images.size(1);
  const at::ScalarType type = at::toOpMathType(images.scalar_type());
  const at::TensorOptions as_statistics = images.options().dtype(type);
  const double count = static_cast<double>(images.numel()) / static_cast<double>(channels);

  at::Tensor mine = at::zeros({1 + 2 * channels}, images.options().dtype(at::kDouble));
  if (images.numel() > 0) {
    // Running statistics that nobody reads: their type decides that of the results.
    const auto [mean, variance] = at::batch_norm_update_stats(
        images, at::zeros({channels}, as_statistics), at::ones({channels}, as_statistics), 0.0);
    mine.narrow(0, 0, 1).fill_(count);
    mine.narrow(0, 1, channels).copy_(mean);
    mine.narrow(0, 1 + channels, channels).copy_(variance).mul_(count);
  }
  const at::Tensor all = exchange.gather(mine);
  const at::Tensor counts = all.narrow(1, 0, 1);
  const at::Tensor means = all.narrow(1, 1, channels);
  const at::Tensor squares = all.narrow(1, 1 + channels, channels);

  const at::Tensor total = counts.sum();
  const at::Tensor mean = (counts * means).sum(0) / total;
  const at::Tensor variance = (squares + counts * (means - mean).square()).sum(0) / total;
  return {mean.to(type), variance.to(type), total};
}

using torch::autograd::AutogradContext;

class Normalize : public torch::autograd::Function<Normalize> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& images,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const Statistics& statistics, double eps,
                            std::shared_ptr<StatisticsExchange> exchange) {
    const auto& [mean, variance, count] = statistics;
    context->save_for_backward({images, weight, mean, variance, count});
    context->saved_data["eps"] = eps;
    carry(context, std::move(exchange));
    // The evaluation's kernel normalizes with statistics that are given.
    return std::get<0>(at::native_batch_norm(images, weight, bias, mean, variance,
                                             /*training=*/false, /*momentum=*/0, eps));
  }

  // With y = w (x - m) / s + b:  dx = w/s (dy - mean(dy) - (x - m)/s mean(dy (x - m)/s)), where the
  // means are over all processes' images.
  static torch::autograd::variable_list backward(AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    refuse_second_derivative();
    const auto saved = context->get_saved_variables();
    const at::Tensor &images = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3],
                     &count = saved[4];
    const double eps = context->saved_data["eps"].toDouble();

    // w/s dy, and the sums of dy (x - m)/s and dy over this process's images.
    at::Tensor direct = at::zeros_like(images);
    at::Tensor weight_sum = at::zeros_like(mean), bias_sum = at::zeros_like(mean);
    if (images.numel() > 0) {
      std::tie(direct, weight_sum, bias_sum) =
          at::native_batch_norm_backward(gradients[0], images, weight, mean, variance, {}, {},
                                         /*train=*/false, eps, {true, true, true});
    }
    at::Tensor means = at::cat({weight_sum, bias_sum}).to(at::kDouble);
    carried(context).sum(means);
    means = means / count;

    // The rest of dx is slope x + offset.
    const auto of_channels = [](const at::Tensor& values, at::ScalarType type) {
      return values.to(type).view({1, -1, 1, 1});
    };
    const std::int64_t channels = mean.size(0);
    const at::Tensor inverse = (variance.to(at::kDouble) + eps).rsqrt();
    const at::Tensor slope = -weight * inverse.square() * means.narrow(0, 0, channels);
    const at::Tensor offset =
        -weight * inverse * means.narrow(0, channels, channels) - slope * mean;
    const at::ScalarType type = mean.scalar_type();
    direct.add_(at::addcmul(of_channels(offset, type), images, of_channels(slope, type)));

    return {direct, weight_sum, bias_sum, {}, {}, {}};
  }
};

}  // namespace

void BatchNorm2dImpl::set_exchange(std::shared_ptr<StatisticsExchange> exchange) {
  exchange_ = std::move(exchange);
}

at::Tensor BatchNorm2dImpl::forward(const at::Tensor& images) {
  return exchange_ && is_training() ? forward_shared(images) : Base::forward(images);
}

void BatchNorm2dImpl::_check_input_dim(const at::Tensor& images) {
  if (images.dim() == 4) return;
  throw Error(fmt::format("BatchNorm2d takes images N x C x H x W, not a tensor of {} dimensions",
                          images.dim()));
}

at::Tensor BatchNorm2dImpl::forward_shared(const at::Tensor& images) {
  _check_input_dim(images);
  if (!images.device().is_cpu()) return forward_on_device(images);
  Statistics statistics;
  {
    const at::NoGradGuard no_grad;
    statistics = shared_statistics(images, *exchange_);
    if (options.track_running_stats()) follow(statistics);
  }
  const bool affine = weight.defined();
  return Normalize::apply(images, affine ? weight : at::ones_like(statistics.mean),
                          affine ? bias : at::zeros_like(statistics.mean), statistics,
                          options.eps(), exchange_);
}

at::Tensor BatchNorm2dImpl::forward_on_device(const at::Tensor& images) {
  RunningStatistics running;
  if (options.track_running_stats()) {
    const at::NoGradGuard no_grad;
    running = {running_mean, running_var, next_share()};
  }
  return normalize_on_device(images, weight, bias, running, options.eps(), exchange_);
}

/// A batch's share in the running statistics: the one that is given, or as in their mean.
double BatchNorm2dImpl::next_share() {
  num_batches_tracked += 1;
  return options.momentum().has_value() ? *options.momentum()
                                        : 1.0 / num_batches_tracked.item<double>();
}

void BatchNorm2dImpl::follow(const Statistics& batch) {
  const double share = next_share();
  const at::Tensor unbiased = batch.variance * (batch.count / (batch.count - 1));
  running_mean.lerp_(batch.mean.to(running_mean.scalar_type()), share);
  running_var.lerp_(unbiased.to(running_var.scalar_type()), share);
}

}  // namespace imgcls::models
