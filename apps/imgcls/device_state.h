#pragma once
// What tensors take of a device's memory, without linking a CUDA library.

#include <optional>
#include <string>

namespace imgcls::cli {

/// Memory of this process on a GPU, by LibTorch's allocator.
struct DeviceMemory {
  double allocated_mib = 0;  ///< by tensors, now
  double peak_mib = 0;       ///< by tensors, at most since forget_peak
  double reserved_mib = 0;   ///< taken from the driver, at most
};

/// Nothing for a CPU.
std::optional<DeviceMemory> device_memory(const std::string& device);

/// From now on the peak is what it is now.
void forget_peak(const std::string& device);

}  // namespace imgcls::cli
