#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/new_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace imgcls {

namespace fs = std::filesystem;

namespace {

const fs::path& checked(const fs::path& path) {
  check_replaceable(path);
  return path;
}

}  // namespace

NewFile::NewFile(const fs::path& path, std::string_view suffix)
    : path_(checked(path)),
      temporary_(fs::path(path) += suffix),
      file_(temporary_, O_WRONLY | O_CREAT | O_TRUNC) {
  if (file_.get() < 0) fail("cannot create");
}

NewFile::~NewFile() {
  if (file_.get() >= 0) ::unlink(temporary_.c_str());
}

void NewFile::fail(std::string_view what) const {
  throw IoError(
      fmt::format("{} {}: {}", what, temporary_.string(), std::generic_category().message(errno)));
}

void NewFile::write(std::span<const std::byte> bytes) {
  write_all(file_, temporary_, bytes);
  bytes_ += bytes.size();
}

void NewFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text)));
}

void NewFile::commit() {
  if (::fsync(file_.get()) != 0) fail("cannot flush to disk");
  if (!file_.close() || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
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
