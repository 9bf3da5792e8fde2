#pragma once
// Mixed precision: PyTorch's autocast for the lifetime of an object.

#include <c10/core/ScalarType.h>
#include <imgcls/train/options.h>

#include <string>
#include <string_view>

namespace imgcls::train {

/// Runs convolutions and matrix products in `precision` until destroyed; restores what was before.
/// As `with torch.autocast(device, dtype)`; with Precision::fp32 it does nothing.
class Autocast {
 public:
  /// From now on, on this thread, for operations on that device.
  Autocast(const std::string& device, Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  int device_type_;
  bool active_, was_enabled_ = false;
  int previous_type_ = 0;
};

/// What convolutions compute in. Not for Precision::automatic: `resolve` it first.
c10::ScalarType scalar_type(Precision precision);

/// "fp32", "bf16", "fp16", "auto": as the configuration says it.
std::string_view name(Precision precision);

/// What Precision::automatic means on a device ("cpu", "cuda:0"): bf16 on a GPU, which should be
/// Ampere or later, and on a CPU that multiplies it; else fp32. Any other precision is itself.
Precision resolve(Precision precision, const std::string& device);

/// Whether this CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX); without it bf16 autocast
/// on a CPU is many times slower than fp32.
bool cpu_has_bf16();

}  // namespace imgcls::train
