#pragma once
// Channels in blocks, by signed numbers. Internal to imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>

#include <cstdint>

namespace imgcls::kernels {

inline constexpr std::int64_t kWidth{kPanel};  ///< channels of a block

/// Blocks of 16 channels, the last of which may be half empty.
inline std::int64_t panels(std::int64_t channels) {
  return (channels + kWidth - 1) / kWidth;
}

}  // namespace imgcls::kernels
