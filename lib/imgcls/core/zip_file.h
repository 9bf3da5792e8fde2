#pragma once
// The part of the ZIP container that PyTorch's files use: entries stored as they are, not packed.
// After PKWARE's APPNOTE 6.3; PyTorch writes with miniz.

#include <imgcls/core/byte_source.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// An entry of a ZIP file, and where its bytes are in it.
struct ZipEntry {
  std::string name;            ///< its path in the container
  std::uint64_t offset, size;  ///< of its bytes: from the file's start, and how many
};

/// The entries of a ZIP file, in the order of its central directory. Every offset and size is
/// checked against the file, every header against its copy in the directory, and every entry's
/// CRC-32, for which all of the file is read once. Throws DataError, whose message begins with the
/// source's name, where something is wrong, where entries overlap, and where one is compressed or
/// encrypted.
std::vector<ZipEntry> read_zip(const ByteSource& file);

/// Writes a ZIP file of stored entries, of any size. Equal entries give equal bytes.
class ZipWriter {
 public:
  /// Takes the next bytes of the file.
  using Sink = std::function<void(std::span<const std::byte>)>;

  /// The file's bytes go to `sink`, piece by piece.
  explicit ZipWriter(Sink sink) : sink_(std::move(sink)) {}

  /// Adds an entry; its bytes begin at a multiple of 64, as PyTorch lays them out.
  void add(std::string_view name, std::span<const std::byte> bytes);
  void add(std::string_view name, std::string_view text);  ///< the same of a text's bytes

  /// Writes the directory. Call once, last.
  void finish();

 private:
  void write(std::span<const std::byte> bytes);

  Sink sink_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> directory_;
  std::uint64_t entries_ = 0;
};

/// A ZIP file in memory, which `fill` adds the entries to.
std::vector<std::byte> zip_in_memory(const std::function<void(ZipWriter&)>& fill);

}  // namespace imgcls
