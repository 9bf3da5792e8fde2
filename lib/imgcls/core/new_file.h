#pragma once
// A file written piece by piece, that has its name only when it is whole and on the disk.

#include <imgcls/core/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace imgcls {

/// A file under a temporary name, and under its own once it is committed.
class NewFile {
 public:
  /// Creates `path` + `suffix`, to become `path`. Throws IoError, as all members do, naming the
  /// file, the bytes and the reason.
  explicit NewFile(const std::filesystem::path& path, std::string_view suffix = ".tmp");
  /// Removes what was not committed.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes);  ///< appends
  void write(std::string_view text);             ///< appends
  /// Bytes written so far.
  std::uint64_t bytes() const { return bytes_; }

  /// Flushes to the disk and gives the file its name, replacing what has it.
  void commit();

 private:
  [[noreturn]] void fail(std::string_view what) const;

  std::filesystem::path path_, temporary_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;
};

/// Bytes that may still be written to the disk that holds `folder`. Throws IoError.
std::uint64_t free_bytes(const std::filesystem::path& folder);

}  // namespace imgcls
