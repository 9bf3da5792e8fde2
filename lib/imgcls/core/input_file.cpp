#include <imgcls/core/error.h>
#include <imgcls/core/input_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace imgcls {
namespace {

std::string reason(int error) {
  std::string text = std::generic_category().message(error);
  if (error == EMFILE) text += "; raise the limit with `ulimit -n`";
  return text;
}

}  // namespace

// O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)), file_(path_, O_RDONLY | O_NONBLOCK) {
  if (file_.get() < 0) {
    throw IoError(fmt::format("cannot open {}: {}", path_.string(), reason(errno)));
  }
  struct stat status {};
  const bool known = ::fstat(file_.get(), &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const std::string why = known ? "it is not a regular file" : reason(errno);
    throw IoError(fmt::format("cannot read {}: {}", path_.string(), why));
  }
  bytes_ = static_cast<std::uint64_t>(status.st_size);
  modified_ns_ = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(file_.get(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw IoError(fmt::format("cannot read {} bytes at {} of {}: {}", out.size(), offset,
                                path_.string(), reason(errno)));
    }
    if (got == 0) {
      throw IoError(fmt::format("cannot read {} bytes at {} of {}: it ends after {} bytes",
                                out.size(), offset, path_.string(), offset + done));
    }
    done += static_cast<std::size_t>(got);
  }
}

void InputFile::will_need(std::uint64_t offset, std::uint64_t bytes) const {
  ::posix_fadvise(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
                  POSIX_FADV_WILLNEED);
}

}  // namespace imgcls
