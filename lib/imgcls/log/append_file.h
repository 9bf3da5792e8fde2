#pragma once
// A file that grows at its end.

#include <imgcls/core/descriptor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace imgcls::report {

/// Open for appending until it is destroyed. Members throw IoError naming the path and the system's
/// reason.
///
/// What the system does not take (a full disk, a quota) is cut off again and kept, to come first at
/// the next write: the file never lacks a piece in its middle, nor holds half of one.
class AppendFile {
 public:
  /// Makes the file where it is absent.
  explicit AppendFile(std::filesystem::path path);

  /// Keeps `bytes` for the next write. Does not throw IoError.
  void add(std::string_view bytes);
  /// Hands what is kept to the system in one write, where it takes it all; it is not flushed to the
  /// disk.
  void write();
  /// Both.
  void append(std::string_view bytes);

 private:
  std::filesystem::path path_;
  Descriptor file_;
  std::string kept_;
  std::optional<std::uint64_t> torn_at_;  // where a part begins that could not be cut off yet
};

/// Cuts a file to its first `size` bytes. Throws IoError.
void cut_file(const std::filesystem::path& path, std::uint64_t size);

}  // namespace imgcls::report
