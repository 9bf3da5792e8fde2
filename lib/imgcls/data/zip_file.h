#pragma once
// The part of the ZIP container that PyTorch's files use: entries stored as they are, not packed.
// After PKWARE's APPNOTE 6.3; PyTorch writes with miniz.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// An entry of a ZIP file.
struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;  ///< within the file's bytes
};

/// The entries of a ZIP file, in the order of its central directory. Every offset and size is
/// checked against the file, every header against its copy in the directory, and every entry's
/// CRC-32. Throws DataError, whose message begins with `name`, where something is wrong, and where
/// an entry is compressed or encrypted, or the file needs the 64-bit extension (4 GiB and more).
std::vector<ZipEntry> read_zip(std::span<const std::byte> file, std::string_view name);

/// A ZIP file of stored entries, in memory.
class ZipWriter {
 public:
  /// Adds an entry; its bytes begin at a multiple of 64, as PyTorch lays them out. Throws DataError
  /// where the file would reach 4 GiB.
  void add(std::string_view name, std::span<const std::byte> bytes);
  void add(std::string_view name, std::string_view text);

  /// The finished file. Call once, last.
  std::vector<std::byte> finish();

 private:
  std::vector<std::byte> file_;
  std::vector<std::byte> directory_;
  std::uint16_t entries_ = 0;
};

}  // namespace imgcls::data
