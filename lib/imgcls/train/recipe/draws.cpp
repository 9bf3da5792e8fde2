#include <imgcls/train/recipe/draws.h>

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace imgcls::train {
namespace {

/// The logarithm of a gamma number: for small shapes the number itself is often below what a double
/// can hold.
double log_gamma_number(Random& random, double shape) {
  if (shape < 1) {
    const double u = 1 - random.uniform();  // in (0, 1]
    return log_gamma_number(random, shape + 1) + std::log(u) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(random), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    const double u = 1 - random.uniform();
    if (std::log(u) < x * x / 2 + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

template <class T>
at::Tensor copied(std::span<const T> values, const at::Device& device) {
  const bool pinned = !device.is_cpu();
  at::Tensor host = at::empty({static_cast<std::int64_t>(values.size())},
                              at::TensorOptions().dtype<T>().pinned_memory(pinned));
  std::ranges::copy(values, host.mutable_data_ptr<T>());
  return pinned ? host.to(device, /*non_blocking=*/true) : host;
}

}  // namespace

Random draws_of(const StepInfo& info, std::int64_t place, RandomStream stream) {
  return Random(info.seed, static_cast<std::uint32_t>(place), static_cast<std::uint64_t>(info.step),
                stream);
}

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

double beta(Random& random, double a, double b) {
  const double log_x = log_gamma_number(random, a), log_y = log_gamma_number(random, b);
  return 1 / (1 + std::exp(log_y - log_x));
}

at::Tensor on_device(std::span<const float> values, const at::Device& device) {
  return copied(values, device);
}

at::Tensor on_device(std::span<const std::int64_t> values, const at::Device& device) {
  return copied(values, device);
}

}  // namespace imgcls::train
