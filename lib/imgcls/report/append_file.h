#pragma once
// A file that grows at its end.

#include <filesystem>
#include <string_view>

namespace imgcls::report {

/// Open for appending until it is destroyed. All members throw IoError naming the path and the
/// system's reason.
class AppendFile {
 public:
  /// Makes the file where it is absent.
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Hands `bytes` to the system in one write, where it takes them all; they are not flushed to the
  /// disk.
  void append(std::string_view bytes);

 private:
  std::filesystem::path path_;
  int descriptor_;
};

/// Throws the IoError for a file that could not be written, with the reason in errno.
[[noreturn]] void throw_cannot_write(const std::filesystem::path& path);

}  // namespace imgcls::report
