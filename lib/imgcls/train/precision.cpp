#include <imgcls/train/precision.h>

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>

namespace imgcls::train {

Autocast::Autocast(const std::string& device, Precision precision)
    : device_type_(static_cast<int>(at::Device(device).type())),
      active_(precision != Precision::fp32) {
  if (!active_) return;
  const auto type = static_cast<at::DeviceType>(device_type_);
  was_enabled_ = at::autocast::is_autocast_enabled(type);
  previous_type_ = static_cast<int>(at::autocast::get_autocast_dtype(type));
  at::autocast::set_autocast_dtype(type, scalar_type(precision));
  at::autocast::set_autocast_enabled(type, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  const auto type = static_cast<at::DeviceType>(device_type_);
  // The cache holds half copies of the weights, which the optimizer is about to change.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(type, was_enabled_);
  at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(previous_type_));
}

c10::ScalarType scalar_type(Precision precision) {
  return precision == Precision::bf16   ? at::kBFloat16
         : precision == Precision::fp16 ? at::kHalf
                                        : at::kFloat;
}

std::string_view name(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::fp16:
      return "fp16";
    case Precision::automatic:
      return "auto";
  }
  return "";
}

Precision resolve(Precision precision, const std::string& device) {
  if (precision != Precision::automatic) return precision;
  return device != "cpu" || cpu_has_bf16() ? Precision::bf16 : Precision::fp32;
}

bool cpu_has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace imgcls::train
