#pragma once
// An open file that is read at any place, by several threads at once.
//
// Read with pread and not mapped into memory: a file that vanishes or is cut off is then an error
// with a name, where a mapped one would end the process by SIGBUS.

#include <imgcls/core/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace imgcls {

/// A regular file, open for reading.
class InputFile {
 public:
  /// Opens `path`. Throws IoError naming it; a path that is not a regular file is refused without
  /// waiting for it.
  explicit InputFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }  ///< as it was given
  /// Size, and time of the last change in nanoseconds since 1970, when it was opened.
  std::uint64_t bytes() const { return bytes_; }
  std::int64_t modified_ns() const { return modified_ns_; }  ///< as it was then

  /// Reads `out.size()` bytes from `offset` on. Throws IoError naming the file and the place: the
  /// system's reason, or that the file ends before.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

  /// Asks the system to fetch a range from the disk meanwhile.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;
  std::int64_t modified_ns_ = 0;
};

}  // namespace imgcls
