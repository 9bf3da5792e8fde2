#pragma once
// What zlib has packed, unpacked in memory. Internal to imgcls::data.

#include <imgcls/core/error.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace imgcls {

/// What stands around the packed data.
enum class Packing { zlib, gzip };

/// Packed data that cannot be used.
class InflateError : public DataError {
 public:
  using DataError::DataError;
};

/// The unpacked bytes, of which there may be `most`, a number of whole MiB. The memory grows with
/// what really comes out, never by what a header claims. `packed` has less than 4 GiB. Throws
/// InflateError, calling the data `what`: "the gzip data are truncated".
std::vector<std::byte> inflated(std::span<const std::byte> packed, Packing packing,
                                std::size_t most, std::string_view what);

}  // namespace imgcls
