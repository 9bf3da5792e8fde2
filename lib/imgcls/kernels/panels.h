#pragma once
// How many blocks channels take. Internal to imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>

#include <cstdint>

namespace imgcls::kernels {

/// Blocks of 16 channels, the last of which may be half empty.
inline std::int64_t panels(std::int64_t channels) {
  return (channels + std::int64_t{kPanel} - 1) / std::int64_t{kPanel};
}

}  // namespace imgcls::kernels
