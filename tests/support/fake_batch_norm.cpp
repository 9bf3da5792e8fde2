// The pieces that CUDA's synchronized batch normalization is made of, which the CPU has not: from
// their definitions, and computed in double.
#include "fake_kernels.h"

#include <ATen/ScalarOps.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/library.h>

#include <numeric>

namespace imgcls::test::fake {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

Tensor in_double(const Tensor& of_cpu) {
  return of_cpu.to(at::kDouble);
}

// All but the channels, which come second.
std::vector<std::int64_t> all_but_channels(const Tensor& input) {
  std::vector<std::int64_t> dims(static_cast<std::size_t>(input.dim()) - 1);
  std::iota(dims.begin(), dims.end(), 1);
  dims[0] = 0;
  return dims;
}

// A number a channel, so that it meets the input's channels.
Tensor by_channel(const Tensor& numbers, const Tensor& input) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(input.dim()), 1);
  shape[1] = -1;
  return in_double(numbers).view(shape);
}

at::ScalarType accumulated(const Tensor& input) {
  return input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

Tensor like_input(const Tensor& computed, const Tensor& input) {
  return computed.to(input.scalar_type()).contiguous(input.suggest_memory_format());
}

std::tuple<Tensor, Tensor> batch_norm_stats(const Tensor& input, double epsilon) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  Kernel kernel("aten::batch_norm_stats");
  const Tensor x = kernel.argument(input);
  kernel.launch();
  const auto dims = all_but_channels(x);
  const Tensor mean = in_double(x).mean(dims);
  const Tensor variance = in_double(x).var(dims, /*unbiased=*/false);
  const Tensor invstd = (variance + epsilon).rsqrt();
  return {kernel.result(mean.to(accumulated(x))), kernel.result(invstd.to(accumulated(x)))};
}

// `means` and `invstds` are a row for each part of the batch, `counts` how many values each has for
// a channel.
std::tuple<Tensor, Tensor> gather_stats(const Tensor& input, const Tensor& means,
                                        const Tensor& invstds, const OptionalTensor& running_mean,
                                        const OptionalTensor& running_var, double momentum,
                                        double epsilon, const Tensor& counts) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  Kernel kernel("aten::batch_norm_gather_stats_with_counts");
  kernel.argument(input);
  const Tensor mean_rows = kernel.argument(means);
  const Tensor invstd_rows = kernel.argument(invstds);
  const Tensor count_of = kernel.argument(counts);
  Tensor new_mean = running_mean ? kernel.argument(*running_mean, true) : Tensor();
  Tensor new_var = running_var ? kernel.argument(*running_var, true) : Tensor();
  kernel.launch();

  const Tensor n = in_double(count_of).view({-1, 1});
  const Tensor total = n.sum();
  const Tensor mean = (in_double(mean_rows) * n).sum(0) / total;
  const Tensor variances = in_double(invstd_rows).pow(-2) - epsilon;
  const Tensor squares = ((variances + (in_double(mean_rows) - mean).pow(2)) * n).sum(0);
  if (new_mean.defined()) {
    new_mean.copy_((1 - momentum) * in_double(new_mean) + momentum * mean);
  }
  if (new_var.defined()) {
    new_var.copy_((1 - momentum) * in_double(new_var) + momentum * squares / (total - 1));
  }
  const Tensor invstd = (squares / total + epsilon).rsqrt();
  const at::ScalarType type = mean_rows.scalar_type();
  return {kernel.result(mean.to(type)), kernel.result(invstd.to(type))};
}

Tensor batch_norm_elemt(const Tensor& input, const OptionalTensor& weight,
                        const OptionalTensor& bias, const Tensor& mean, const Tensor& invstd,
                        double /*epsilon*/) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  Kernel kernel("aten::batch_norm_elemt");
  const Tensor x = kernel.argument(input);
  const Tensor scale = kernel.argument(weight);
  const Tensor shift = kernel.argument(bias);
  const Tensor center = kernel.argument(mean);
  const Tensor inverse = kernel.argument(invstd);
  kernel.launch();
  Tensor y = (in_double(x) - by_channel(center, x)) * by_channel(inverse, x);
  if (scale.defined()) y = y * by_channel(scale, x);
  if (shift.defined()) y = y + by_channel(shift, x);
  return kernel.result(like_input(y, x));
}

// Sums of the gradient, and of the gradient times the input less its mean; and the gradients of
// weight and bias.
std::tuple<Tensor, Tensor, Tensor, Tensor> batch_norm_backward_reduce(
    const Tensor& grad_out, const Tensor& input, const Tensor& mean, const Tensor& invstd,
    const OptionalTensor& weight, bool input_g, bool weight_g, bool bias_g) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  Kernel kernel("aten::batch_norm_backward_reduce");
  const Tensor dy = kernel.argument(grad_out);
  const Tensor x = kernel.argument(input);
  const Tensor center = kernel.argument(mean);
  const Tensor inverse = kernel.argument(invstd);
  const Tensor scale = kernel.argument(weight);
  kernel.launch();
  const auto dims = all_but_channels(x);
  const Tensor sum_dy = in_double(dy).sum(dims);
  const Tensor sum_dy_xmu = (in_double(dy) * (in_double(x) - by_channel(center, x))).sum(dims);
  const at::ScalarType of_stats = center.scalar_type();
  const at::ScalarType of_weight = scale.defined() ? scale.scalar_type() : of_stats;
  const auto given = [&](bool wanted, const Tensor& value, at::ScalarType type) {
    return wanted ? kernel.result(value.to(type, /*non_blocking=*/false, /*copy=*/true)) : Tensor();
  };
  return {given(input_g, sum_dy, of_stats), given(input_g, sum_dy_xmu, of_stats),
          given(weight_g, sum_dy_xmu * in_double(inverse), of_weight),
          given(bias_g, sum_dy, of_weight)};
}

Tensor batch_norm_backward_elemt(const Tensor& grad_out, const Tensor& input, const Tensor& mean,
                                 const Tensor& invstd, const OptionalTensor& weight,
                                 const Tensor& sum_dy, const Tensor& sum_dy_xmu,
                                 const Tensor& count) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  Kernel kernel("aten::batch_norm_backward_elemt");
  const Tensor dy = kernel.argument(grad_out);
  const Tensor x = kernel.argument(input);
  const Tensor center = kernel.argument(mean);
  const Tensor inverse = kernel.argument(invstd);
  const Tensor scale = kernel.argument(weight);
  const Tensor sum = kernel.argument(sum_dy);
  const Tensor sum_xmu = kernel.argument(sum_dy_xmu);
  const Tensor counts = kernel.argument(count);
  kernel.launch();
  const Tensor total = in_double(counts).sum();
  const Tensor mean_dy = by_channel(sum, x) / total;
  const Tensor slope = by_channel(sum_xmu, x) / total * by_channel(inverse, x).pow(2);
  Tensor dx = in_double(dy) - mean_dy - (in_double(x) - by_channel(center, x)) * slope;
  dx = dx * by_channel(inverse, x);
  if (scale.defined()) dx = dx * by_channel(scale, x);
  return kernel.result(like_input(dx, x));
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("batch_norm_stats", batch_norm_stats);
  m.impl("batch_norm_gather_stats_with_counts", gather_stats);
  m.impl("batch_norm_elemt", batch_norm_elemt);
  m.impl("batch_norm_backward_reduce", batch_norm_backward_reduce);
  m.impl("batch_norm_backward_elemt", batch_norm_backward_elemt);
}

}  // namespace imgcls::test::fake
