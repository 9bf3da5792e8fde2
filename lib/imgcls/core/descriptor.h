#pragma once
// An open file of the system's.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace imgcls {

/// A file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  /// As open(2), with O_CLOEXEC; `get` is -1 and errno says why where that fails.
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0644);
  ~Descriptor();
  /// Leaves `other` without a file.
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return fd_; }  ///< the system's number of it; -1 where it is not open
  /// Closes it now; false where the system reports an error of an earlier write, in errno.
  bool close();

 private:
  int fd_;
};

/// Hands `bytes` to the system, in one write where it takes them all. `path` is what an IoError
/// calls the file.
void write_all(const Descriptor& file, const std::filesystem::path& path,
               std::span<const std::byte> bytes);

}  // namespace imgcls
