#include <imgcls/core/error.h>
#include <imgcls/report/append_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace imgcls::report {

void throw_cannot_write(const std::filesystem::path& path) {
  throw IoError(
      fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(errno)));
}

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw_cannot_write(path_);
}

AppendFile::~AppendFile() {
  ::close(descriptor_);
}

void AppendFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace imgcls::report
