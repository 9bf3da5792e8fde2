#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/new_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace imgcls {

namespace fs = std::filesystem;

NewFile::NewFile(const fs::path& path, std::string_view suffix) : path_(path), temporary_(path) {
  temporary_ += suffix;
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot create");
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void NewFile::fail(std::string_view what) const {
  throw IoError(
      fmt::format("{} {}: {}", what, temporary_.string(), std::generic_category().message(errno)));
}

void NewFile::write(std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail(fmt::format("cannot write {} bytes after {} to", bytes.size(), bytes_));
    done += static_cast<std::size_t>(put);
    bytes_ += static_cast<std::uint64_t>(put);
  }
}

void NewFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text)));
}

void NewFile::commit() {
  if (::fsync(descriptor_) != 0) fail("cannot flush to disk");
  if (::close(std::exchange(descriptor_, -1)) != 0 ||
      ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    errno = error;
    fail("cannot finish");
  }
  sync_folder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

std::uint64_t free_bytes(const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) {
    throw IoError(
        fmt::format("cannot tell how much space {} has: {}", folder.string(), error.message()));
  }
  return space.available;
}

}  // namespace imgcls
