#pragma once
// A file that grows at its end.

#include <imgcls/core/descriptor.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace imgcls::report {

/// Open for appending until it is destroyed. All members throw IoError naming the path and the
/// system's reason.
class AppendFile {
 public:
  /// Makes the file where it is absent.
  explicit AppendFile(std::filesystem::path path);

  /// Hands `bytes` to the system in one write, where it takes them all; they are not flushed to the
  /// disk.
  void append(std::string_view bytes);

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

/// Cuts a file to its first `size` bytes. Throws IoError.
void cut_file(const std::filesystem::path& path, std::uint64_t size);

}  // namespace imgcls::report
