#include <imgcls/core/error.h>
#include <imgcls/data/little_endian.h>
#include <imgcls/data/zip_file.h>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <set>

namespace imgcls::data {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kLocalHeader = 0x04034B50, kDirectoryEntry = 0x02014B50,
                        kDirectoryEnd = 0x06054B50;
constexpr std::size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22;
constexpr std::uint16_t kEncrypted = 1, kSizesFollow = 8, kUtf8 = 0x800;
constexpr std::size_t kAlignment = 64;
constexpr std::uint64_t kLimit = std::numeric_limits<std::uint32_t>::max();

std::uint32_t crc_of(Bytes bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Reader {
 public:
  Reader(Bytes file, std::string_view name) : file_(file), name_(name) {}

  std::vector<ZipEntry> read() {
    const std::size_t end = find_end();
    const auto count = number<std::uint16_t>(end + 10);
    const std::size_t size = number<std::uint32_t>(end + 12);
    directory_ = number<std::uint32_t>(end + 16);
    if (number<std::uint16_t>(end + 8) != count) fail("it is split over several disks");
    if (directory_ == kLimit || size == kLimit || count == 0xFFFF) {
      fail("it needs the 64-bit extension, for files of 4 GiB and more");
    }
    if (directory_ > end || size > end - directory_) {
      fail(fmt::format("its directory of {} bytes at {} is not inside the file of {} bytes", size,
                       directory_, file_.size()));
    }
    std::vector<ZipEntry> entries;
    std::size_t at = directory_;
    for (std::size_t i = 0; i < count; ++i) at = read_entry(at, directory_ + size, entries);
    if (at != directory_ + size) fail("its directory is longer than its entries");
    return entries;
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(fmt::format("{} is not a usable ZIP file: {}", name_, reason));
  }

  template <class T>
  T number(std::size_t at) const {
    return load_le<T>(file_.subspan(at, sizeof(T)));
  }

  // The last record, behind which nothing but its own comment stands.
  std::size_t find_end() const {
    if (file_.size() < kEndSize) fail(fmt::format("it has only {} bytes", file_.size()));
    const std::size_t last = file_.size() - kEndSize;
    const std::size_t first = last - std::min<std::size_t>(last, 0xFFFF);
    for (std::size_t at = last;; --at) {
      if (number<std::uint32_t>(at) == kDirectoryEnd &&
          number<std::uint16_t>(at + 20) == last - at) {
        return at;
      }
      if (at == first) break;
    }
    fail("the record at its end is missing (truncated?)");
  }

  std::size_t read_entry(std::size_t at, std::size_t end, std::vector<ZipEntry>& entries) {
    if (end - at < kEntrySize || number<std::uint32_t>(at) != kDirectoryEntry) {
      fail(fmt::format("entry {} of its directory is broken", entries.size()));
    }
    const std::size_t name_size = number<std::uint16_t>(at + 28);
    const std::size_t rest =
        name_size + number<std::uint16_t>(at + 30) + number<std::uint16_t>(at + 32);
    if (end - at - kEntrySize < rest) {
      fail(fmt::format("entry {} of its directory is truncated", entries.size()));
    }
    ZipEntry entry{std::string(text_of(file_.subspan(at + kEntrySize, name_size))), {}};
    if (!names_.insert(entry.name).second) fail(fmt::format("it has '{}' twice", entry.name));
    entry.bytes = contents(at, entry.name);
    entries.push_back(std::move(entry));
    return at + kEntrySize + rest;
  }

  // What the directory's entry at `at` stands for.
  Bytes contents(std::size_t at, const std::string& name) const {
    const auto flags = number<std::uint16_t>(at + 8), method = number<std::uint16_t>(at + 10);
    const auto crc = number<std::uint32_t>(at + 16);
    const std::size_t packed = number<std::uint32_t>(at + 20);
    const std::size_t size = number<std::uint32_t>(at + 24);
    const std::size_t local = number<std::uint32_t>(at + 42);
    if ((flags & kEncrypted) != 0) fail(fmt::format("'{}' is encrypted", name));
    if (method != 0 || packed != size) {
      fail(fmt::format("'{}' is compressed; expected a stored entry", name));
    }
    if (local > directory_ || directory_ - local < kLocalSize ||
        number<std::uint32_t>(local) != kLocalHeader) {
      fail(fmt::format("there is no header of '{}' at byte {}", name, local));
    }
    const std::size_t name_size = number<std::uint16_t>(local + 26);
    const std::size_t begin = local + kLocalSize + name_size + number<std::uint16_t>(local + 28);
    if (begin > directory_ || directory_ - begin < size) {
      fail(fmt::format("'{}' of {} bytes is not inside the file", name, size));
    }
    if (text_of(file_.subspan(local + kLocalSize, name_size)) != name) {
      fail(fmt::format("the header of '{}' has another name", name));
    }
    const bool sizes_here = (number<std::uint16_t>(local + 6) & kSizesFollow) == 0;
    if (number<std::uint16_t>(local + 8) != 0 ||
        (sizes_here &&
         (number<std::uint32_t>(local + 14) != crc || number<std::uint32_t>(local + 18) != size ||
          number<std::uint32_t>(local + 22) != size))) {
      fail(fmt::format("the header of '{}' contradicts the directory", name));
    }
    const Bytes bytes = file_.subspan(begin, size);
    if (crc_of(bytes) != crc) fail(fmt::format("'{}' is damaged (its CRC-32 is wrong)", name));
    return bytes;
  }

  Bytes file_;
  std::string_view name_;
  std::size_t directory_ = 0;
  std::set<std::string> names_;
};

void append(std::vector<std::byte>& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// What the local header and the directory's entry have in common.
void append_common(std::vector<std::byte>& to, std::uint32_t crc, std::uint32_t size,
                   std::size_t name_size, std::size_t extra_size) {
  append_le<std::uint16_t>(to, 0);  // the version that it takes: any
  append_le<std::uint16_t>(to, kUtf8);
  append_le<std::uint16_t>(to, 0);       // stored
  append_le<std::uint16_t>(to, 0);       // no time
  append_le<std::uint16_t>(to, 0x0021);  // 1980-01-01
  append_le<std::uint32_t>(to, crc);
  append_le<std::uint32_t>(to, size);
  append_le<std::uint32_t>(to, size);
  append_le(to, static_cast<std::uint16_t>(name_size));
  append_le(to, static_cast<std::uint16_t>(extra_size));
}

}  // namespace

std::vector<ZipEntry> read_zip(std::span<const std::byte> file, std::string_view name) {
  return Reader(file, name).read();
}

void ZipWriter::add(std::string_view name, std::string_view text) {
  add(name, std::as_bytes(std::span(text)));
}

void ZipWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  const std::size_t local = file_.size();
  if (local + kLocalSize + name.size() + 2 * kAlignment + bytes.size() >= kLimit) {
    throw DataError(fmt::format("'{}' would make a ZIP file of 4 GiB or more", name));
  }
  // An extra field of the kind 'FB', PyTorch's, fills the way to the next multiple of 64.
  constexpr std::size_t kFieldHeader = 4;
  const std::size_t header_end = local + kLocalSize + name.size() + kFieldHeader;
  const std::size_t padding = (kAlignment - header_end % kAlignment) % kAlignment;
  const std::uint32_t crc = crc_of(bytes);
  const auto size = static_cast<std::uint32_t>(bytes.size());

  append_le(file_, kLocalHeader);
  append_common(file_, crc, size, name.size(), kFieldHeader + padding);
  append(file_, std::as_bytes(std::span(name)));
  append(file_, std::as_bytes(std::span("FB", 2)));
  append_le(file_, static_cast<std::uint16_t>(padding));
  file_.insert(file_.end(), padding, std::byte{'Z'});
  append(file_, bytes);

  append_le(directory_, kDirectoryEntry);
  append_le<std::uint16_t>(directory_, 0);  // made by: unknown
  append_common(directory_, crc, size, name.size(), 0);
  append_le<std::uint16_t>(directory_, 0);  // no comment
  append_le<std::uint16_t>(directory_, 0);  // first disk
  append_le<std::uint16_t>(directory_, 0);  // no attributes
  append_le<std::uint32_t>(directory_, 0);
  append_le(directory_, static_cast<std::uint32_t>(local));
  append(directory_, std::as_bytes(std::span(name)));
  ++entries_;
}

std::vector<std::byte> ZipWriter::finish() {
  const auto begin = static_cast<std::uint32_t>(file_.size());
  append(file_, directory_);
  append_le(file_, kDirectoryEnd);
  append_le<std::uint32_t>(file_, 0);  // this disk, and the directory's: the first
  append_le(file_, entries_);
  append_le(file_, entries_);
  append_le(file_, static_cast<std::uint32_t>(directory_.size()));
  append_le(file_, begin);
  append_le<std::uint16_t>(file_, 0);  // no comment
  return std::move(file_);
}

}  // namespace imgcls::data
