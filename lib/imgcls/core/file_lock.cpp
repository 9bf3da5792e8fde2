#include <imgcls/core/error.h>
#include <imgcls/core/file_lock.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>

namespace imgcls {
namespace {

FileLock::State try_to_lock(int file) {
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    // Lustre without -o flock answers ENOSYS, an NFS server without lockd ENOLCK, others the rest.
    return errno == EWOULDBLOCK ? FileLock::State::held_by_another : FileLock::State::unsupported;
  }
  return FileLock::State::held;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path) : file_(path, O_RDWR | O_CREAT) {
  if (file_.get() < 0) {
    throw IoError(
        fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(errno)));
  }
  state_ = try_to_lock(file_.get());
}

}  // namespace imgcls
