#include <imgcls/core/descriptor.h>
#include <imgcls/core/error.h>
#include <imgcls/core/md5.h>
#include <imgcls/prepare/archive.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace imgcls::data {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path, int error) {
  throw IoError(
      fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(error)));
}

}  // namespace

struct ArchiveFile::State {
  Descriptor file;
  std::uint64_t size = 0, position = 0;
  std::vector<std::byte> block = {};
  std::optional<Md5> hash = {};
};

ArchiveFile::ArchiveFile(const std::filesystem::path& path, bool hashed)
    : path_(path), state_(std::make_unique<State>(State{Descriptor(path, O_RDONLY | O_NONBLOCK)})) {
  if (state_->file.get() < 0) fail("cannot open", path, errno);
  struct stat status {};
  if (::fstat(state_->file.get(), &status) != 0) fail("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw IoError(fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  state_->size = static_cast<std::uint64_t>(status.st_size);
  state_->block.resize(kBlock);
  if (hashed) state_->hash.emplace();
  ::posix_fadvise(state_->file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // advice, so it may fail
}

ArchiveFile::~ArchiveFile() = default;

std::span<const std::byte> ArchiveFile::next_block() {
  ssize_t got = 0;
  do {
    got = ::pread(state_->file.get(), state_->block.data(), kBlock,
                  static_cast<off_t>(state_->position));
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail(fmt::format("cannot read byte {} of", state_->position), path_, errno);
  const auto block = std::span<const std::byte>(state_->block).first(static_cast<std::size_t>(got));
  state_->position += block.size();
  if (state_->hash) state_->hash->update(block);
  return block;
}

std::uint64_t ArchiveFile::skip(std::uint64_t count) {
  if (state_->hash) return 0;
  // Never beyond the end: a truncated archive must be seen to be one.
  const std::uint64_t skipped =
      std::min(count, state_->size - std::min(state_->size, state_->position));
  state_->position += skipped;
  return skipped;
}

std::string ArchiveFile::md5() {
  while (!next_block().empty()) {
  }
  return state_->hash->hex();
}

std::uint64_t ArchiveFile::position() const {
  return state_->position;
}

std::uint64_t ArchiveFile::size() const {
  return state_->size;
}

}  // namespace imgcls::data
