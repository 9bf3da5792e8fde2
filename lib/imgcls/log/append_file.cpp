#include <imgcls/core/error.h>
#include <imgcls/log/append_file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

namespace imgcls::report {
namespace {

[[noreturn]] void throw_cannot_write(const std::filesystem::path& path) {
  throw IoError(
      fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(errno)));
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path)
    : path_(std::move(path)), file_(path_, O_WRONLY | O_CREAT | O_APPEND) {
  if (file_.get() < 0) throw_cannot_write(path_);
}

void AppendFile::add(std::string_view bytes) {
  kept_ += bytes;
}

void AppendFile::write() {
  if (kept_.empty()) return;
  if (torn_at_ && ::ftruncate(file_.get(), static_cast<off_t>(*torn_at_)) != 0) {
    throw_cannot_write(path_);
  }
  torn_at_.reset();
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw_cannot_write(path_);
  try {
    write_all(file_, path_, std::as_bytes(std::span(kept_)));
  } catch (const IoError&) {
    if (::ftruncate(file_.get(), status.st_size) != 0) {
      torn_at_ = static_cast<std::uint64_t>(status.st_size);
    }
    throw;
  }
  kept_.clear();
}

void AppendFile::append(std::string_view bytes) {
  add(bytes);
  write();
}

void cut_file(const std::filesystem::path& path, std::uint64_t size) {
  if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) throw_cannot_write(path);
}

}  // namespace imgcls::report
