#include <imgcls/train/recipe/draws.h>

#include <ATen/ops/empty.h>

#include <algorithm>

namespace imgcls::train {
namespace {

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

at::Tensor on_device(std::span<const float> values, const at::Device& device) {
  return copied(values, device);
}

at::Tensor on_device(std::span<const std::int64_t> values, const at::Device& device) {
  return copied(values, device);
}

}  // namespace imgcls::train
