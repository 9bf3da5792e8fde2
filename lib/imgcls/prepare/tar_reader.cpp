#include <imgcls/core/error.h>
#include <imgcls/prepare/archive.h>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

namespace imgcls::data {
namespace {

constexpr std::uint64_t kMemberLimit = std::uint64_t{1} << 40;
constexpr std::size_t kPathLimit = 1024;
constexpr std::size_t kNameLimit = 255;

/// A path as a message may show it.
std::string shown(std::string_view path) {
  std::string text;
  for (const char c : path.substr(0, 120)) text += c >= ' ' && c != 0x7F ? c : '?';
  if (path.size() > 120) text += "...";
  return text;
}

/// Why a member of this path is refused; empty where it is not.
std::string objection(std::string_view path) {
  if (path.empty()) return "has no readable path";
  if (path.front() == '/') return "has an absolute path";
  if (path.size() > kPathLimit) {
    return fmt::format("has a path of {} bytes, more than {}", path.size(), kPathLimit);
  }
  if (std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; })) {
    return "has a control character in its path";
  }
  std::istringstream parts{std::string(path)};
  for (std::string part; std::getline(parts, part, '/');) {
    if (part == "..") return "leads out of its folder by '..'";
    if (part.size() > kNameLimit) {
      return fmt::format("has a name of {} bytes, more than {}", part.size(), kNameLimit);
    }
  }
  return {};
}

/// "./a//b" is "a/b".
std::string plain_path(std::string_view path) {
  std::istringstream parts{std::string(path)};
  std::string plain;
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty() || part == ".") continue;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain;
}

std::string_view kind_of(mode_t type) {
  switch (type) {
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a FIFO";
    case AE_IFSOCK:
      return "a socket";
    default:
      return "of an unknown kind";
  }
}

}  // namespace

/// libarchive's reader and where its bytes come from. What `next_block` throws cannot pass through
/// libarchive, and waits here until that has returned.
struct TarReader::Source {
  std::unique_ptr<archive, decltype(&archive_read_free)> tar{archive_read_new(),
                                                             &archive_read_free};
  NextBlock next_block;
  Skip skip;
  std::exception_ptr thrown;
  archive_entry* entry = nullptr;

  static la_ssize_t on_read(archive* tar, void* self, const void** bytes) {
    auto& source = *static_cast<Source*>(self);
    try {
      const auto block = source.next_block();
      *bytes = block.data();
      return static_cast<la_ssize_t>(block.size());
    } catch (...) {
      source.thrown = std::current_exception();
      archive_set_error(tar, EIO, "cannot be read");
      return -1;
    }
  }
  static la_int64_t on_skip(archive*, void* self, la_int64_t count) {
    auto& source = *static_cast<Source*>(self);
    return static_cast<la_int64_t>(source.skip(static_cast<std::uint64_t>(count)));
  }
};

TarReader::TarReader(std::string name, NextBlock next_block, Skip skip)
    : name_(std::move(name)), source_(std::make_unique<Source>()) {
  source_->next_block = std::move(next_block);
  source_->skip = std::move(skip);
  archive* tar = source_->tar.get();
  if (!tar) throw Error("libarchive cannot be used");
  archive_read_support_format_tar(tar);
  archive_read_support_filter_gzip(tar);
  archive_read_set_callback_data(tar, source_.get());
  archive_read_set_read_callback(tar, &Source::on_read);
  if (source_->skip) archive_read_set_skip_callback(tar, &Source::on_skip);
  if (archive_read_open1(tar) != ARCHIVE_OK) fail();
}

TarReader::TarReader(ArchiveFile& file)
    : TarReader(
          file.path().string(), [&file] { return file.next_block(); },
          [&file](std::uint64_t count) { return file.skip(count); }) {}

TarReader::~TarReader() = default;

bool TarReader::next() {
  for (;;) {
    const int status = archive_read_next_header(source_->tar.get(), &source_->entry);
    if (status == ARCHIVE_EOF) return false;
    // A warning is about what is of no use here, such as an owner's name, or about the path, which
    // is then missing.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail();
    const char* path = archive_entry_pathname(source_->entry);
    member_.path = path ? path : "";
    member_.bytes =
        static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(source_->entry)));
    given_ = 0;
    check_member();
    member_.path = plain_path(member_.path);
    if (archive_entry_filetype(source_->entry) == AE_IFREG) return true;
  }
}

void TarReader::check_member() const {
  const std::string wrong = objection(member_.path);
  if (!wrong.empty()) refuse(wrong);
  if (archive_entry_hardlink(source_->entry)) refuse("is a hard link; expected a file");
  const mode_t type = archive_entry_filetype(source_->entry);
  if (type != AE_IFREG && type != AE_IFDIR) {
    refuse(fmt::format("is {}; expected a file", kind_of(type)));
  }
  if (member_.bytes > kMemberLimit) refuse(fmt::format("claims {} bytes", member_.bytes));
}

std::vector<std::byte> TarReader::read(std::uint64_t limit) {
  if (member_.bytes > limit) {
    refuse(fmt::format("has {} bytes, more than {}", member_.bytes, limit));
  }
  std::vector<std::byte> bytes;
  bytes.reserve(std::min<std::uint64_t>(member_.bytes, std::uint64_t{1} << 24));
  for (auto block = next_block(); !block.empty(); block = next_block()) {
    bytes.insert(bytes.end(), block.begin(), block.end());
  }
  return bytes;
}

std::span<const std::byte> TarReader::next_block() {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(source_->tar.get(), &data, &size, &offset);
  if (status == ARCHIVE_EOF || (status == ARCHIVE_OK && size == 0)) {
    if (given_ != member_.bytes) {
      refuse(fmt::format("has {} bytes of the {} that it claims", given_, member_.bytes));
    }
    return {};
  }
  if (status != ARCHIVE_OK) fail();
  if (static_cast<std::uint64_t>(offset) != given_)
    refuse("is a sparse file; expected a plain one");
  given_ += size;
  return {static_cast<const std::byte*>(data), size};
}

void TarReader::refuse(std::string_view reason) const {
  throw DataError(fmt::format("{}: its member '{}' {}", name_, shown(member_.path), reason));
}

void TarReader::fail() const {
  if (source_->thrown) std::rethrow_exception(source_->thrown);
  const char* reason = archive_error_string(source_->tar.get());
  throw DataError(
      fmt::format("{} is not a usable tar archive: {}", name_, reason ? reason : "unknown error"));
}

}  // namespace imgcls::data
