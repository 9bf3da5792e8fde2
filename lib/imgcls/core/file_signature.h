#pragma once
// What a file is, by bytes at a place near its beginning.

#include <cstddef>
#include <span>
#include <string_view>

namespace imgcls {

/// A row of a table of formats.
struct FileSignature {
  std::size_t at;          ///< offset of `bytes` in the file
  std::string_view bytes;  ///< what stands there
  std::string_view what;   ///< what the reader of a table says of such a file
};

/// `what` of the first of `signatures` that fits the beginning of a file; empty: none does.
std::string_view find_signature(std::span<const FileSignature> signatures, std::string_view begin);

}  // namespace imgcls
