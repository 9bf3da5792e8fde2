#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/train/run_folder.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace imgcls::train {

RunFolder::RunFolder(const std::filesystem::path& folder) {
  make_folders(folder);
  const std::filesystem::path file = folder / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) {
    throw IoError(fmt::format("cannot write into the run's folder {}: {}", folder.string(),
                              std::generic_category().message(errno)));
  }
  // The system lets go of the lock when the process ends, however it ends.
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    throw IoError(fmt::format(
        "another job is writing into {}; wait for it, or choose another run.dir", folder.string()));
  }
}

RunFolder::~RunFolder() {
  ::close(lock_);
}

}  // namespace imgcls::train
