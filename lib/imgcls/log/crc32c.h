#pragma once
// CRC-32C (Castagnoli, RFC 3720), which TensorBoard's event files carry.

#include <cstdint>
#include <string_view>

namespace imgcls::report {

std::uint32_t crc32c(std::string_view bytes);  ///< of all of `bytes`, as RFC 3720 computes it

/// As TFRecord stores it, so that a checksum of bytes that hold checksums is a good one.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace imgcls::report
