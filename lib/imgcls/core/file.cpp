#include <imgcls/core/descriptor.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace imgcls {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view what, const fs::path& path, int error) {
  throw IoError(
      fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(error)));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool is_there(const fs::path& path) {
  return fs::exists(fs::symlink_status(path));
}

/// Where `replace_folder` keeps what it replaces, on file systems that cannot exchange names.
fs::path aside_of(const fs::path& path) {
  return folder_of(path) / fmt::format(".{}.old", path.filename().string());
}

void rename_to(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename to", to, errno);
}

/// False where the file system (NFS, CephFS, GlusterFS, older FUSE) or the kernel has no such
/// operation.
bool exchange(const fs::path& one, const fs::path& other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) {
    return true;
  }
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return false;
  fail("cannot rename to", other, errno);
}

/// What is left behind costs space and nothing else: the next replacement removes it.
void try_to_remove(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

void read_file(const fs::path& path, std::vector<std::byte>& bytes) {
  // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  if (file.get() < 0) fail("cannot open", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw IoError(fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read", path, errno);
    if (got == 0) {
      throw IoError(fmt::format("cannot read {}: it ended after {} of {} bytes", path.string(),
                                done, bytes.size()));
    }
    done += static_cast<std::size_t>(got);
  }
}

std::vector<std::byte> read_file(const fs::path& path) {
  std::vector<std::byte> bytes;
  read_file(path, bytes);
  return bytes;
}

std::string read_text(const fs::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_synced(const fs::path& path, std::span<const std::byte> bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) fail("cannot create", path, errno);
  write_all(file, path, bytes);
  if (::fsync(file.get()) != 0) fail("cannot flush to disk", path, errno);
}

void write_unsynced(const fs::path& path, std::span<const std::byte> bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (file.get() < 0) fail("cannot create", path, errno);
  write_all(file, path, bytes);
}

void sync_filesystem(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) fail("cannot open", path, errno);
  if (::syncfs(file.get()) != 0) fail("cannot flush to disk what was written to", path, errno);
}

void check_replaceable(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const bool is_file = fs::is_regular_file(status) || !fs::exists(status);
  // /dev/stdout is a link, perhaps to a regular file.
  if (is_file && folder_of(path) != "/dev") return;
  throw IoError(fmt::format("cannot write {}: it is {}; give the name of a file", path.string(),
                            fs::is_directory(status) ? "a folder" : "a device or the like"));
}

void replace_file(const fs::path& path, std::string_view text) {
  check_replaceable(path);
  fs::path temporary = path;
  temporary += ".tmp";
  write_synced(temporary, std::as_bytes(std::span(text)));
  rename_to(temporary, path);
  sync_folder(folder_of(path));
}

void replace_folder(const fs::path& temporary, const fs::path& final_path) {
  finish_replacement(final_path);
  if (!is_there(final_path)) {
    rename_to(temporary, final_path);
    sync_folder(folder_of(final_path));
    return;
  }
  if (exchange(temporary, final_path)) {
    sync_folder(folder_of(final_path));
    try_to_remove(temporary);
    return;
  }
  const fs::path aside = aside_of(final_path);
  rename_to(final_path, aside);
  rename_to(temporary, final_path);
  sync_folder(folder_of(final_path));
  try_to_remove(aside);
}

void finish_replacement(const fs::path& final_path) {
  const fs::path aside = aside_of(final_path);
  if (!is_there(aside)) return;
  if (is_there(final_path)) {
    remove_tree(aside);
    return;
  }
  rename_to(aside, final_path);
  sync_folder(folder_of(final_path));
}

bool replace_link(const fs::path& target, const fs::path& link) {
  const fs::path temporary = folder_of(link) / fmt::format(".{}.tmp", link.filename().string());
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) {
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) return false;
    fail("cannot make the link", link, errno);
  }
  rename_to(temporary, link);
  sync_folder(folder_of(link));
  return true;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail("cannot remove", path, error.value());
}

void sync_folder(const fs::path& folder) {
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0) fail("cannot open folder", folder, errno);
  // Some network and FUSE file systems have no such call; they order their operations themselves.
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != EOPNOTSUPP) {
    fail("cannot flush folder to disk", folder, errno);
  }
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("cannot create folder", folder, error.value());
}

}  // namespace imgcls
