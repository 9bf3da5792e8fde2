#include "device_state.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Device.h>

#include <cstdint>

namespace imgcls::cli {
namespace {

// LibTorch's statistics come for small and large blocks, and for both together.
constexpr auto kBoth = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

double mib(std::int64_t bytes) {
  return static_cast<double>(bytes) / (1024 * 1024);
}

}  // namespace

std::optional<DeviceMemory> device_memory(const std::string& device) {
  const c10::Device where(device);
  if (where.is_cpu()) return std::nullopt;
  const auto stats = at::getDeviceAllocator(where.type())->getDeviceStats(where.index());
  return DeviceMemory{.allocated_mib = mib(stats.allocated_bytes[kBoth].current),
                      .peak_mib = mib(stats.allocated_bytes[kBoth].peak),
                      .reserved_mib = mib(stats.reserved_bytes[kBoth].peak)};
}

void forget_peak(const std::string& device) {
  const c10::Device where(device);
  if (!where.is_cpu()) at::getDeviceAllocator(where.type())->resetPeakStats(where.index());
}

}  // namespace imgcls::cli
