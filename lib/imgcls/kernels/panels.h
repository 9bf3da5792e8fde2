#pragma once
// Channels in blocks, by signed numbers. Internal to imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/threads.h>

#include <cstdint>

namespace imgcls::kernels {

inline constexpr std::int64_t kWidth{kPanel};  ///< channels of a block

/// Blocks of 16 channels, the last of which may be half empty.
constexpr std::int64_t panels(std::int64_t channels) {
  return parts_of(channels, kWidth);
}

/// How far apart things of so many blocks lie: a cache line more than they need, else what belongs
/// together would all fall into the same few lines of the cache.
constexpr std::int64_t apart(std::int64_t blocks) {
  return (blocks + 1) * kWidth;
}

}  // namespace imgcls::kernels
