#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/core/zip_format.h>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <set>

namespace imgcls {
namespace {

using namespace zip;
using Bytes = std::span<const std::byte>;

std::string_view characters_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
T number(Bytes bytes, std::size_t at) {
  return load_le<T>(bytes.subspan(at, sizeof(T)));
}

/// Where the directory is.
struct Directory {
  std::uint64_t offset, size, count;
};

/// An entry as the directory describes it.
struct Described {
  ZipEntry entry;  // its offset: 0
  std::uint16_t flags, method;
  std::uint32_t crc;
  std::uint64_t packed, local;  // `local`: where its header is
};

class Reader {
 public:
  explicit Reader(const ByteSource& file) : file_(file) {}

  std::vector<ZipEntry> read() {
    directory_ = find_directory();
    const std::vector<std::byte> bytes = file_.bytes(directory_.offset, directory_.size);
    std::vector<Described> all;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < directory_.count; ++i) {
      at += read_entry(Bytes(bytes).subspan(at), all);
    }
    if (at != bytes.size()) fail("its directory is longer than its entries");
    refuse_overlaps(all);
    std::vector<ZipEntry> entries;
    for (const Described& one : all) {
      check_content(one);
      entries.push_back(one.entry);
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(fmt::format("{} is not a usable ZIP file: {}", file_.name(), reason));
  }

  Directory find_directory() const {
    if (file_.size() < kEndSize) fail(fmt::format("it has only {} bytes", file_.size()));
    // The last record, behind which nothing but its own comment stands.
    const std::uint64_t tail = std::min<std::uint64_t>(file_.size(), kEndSize + kCountLimit);
    const std::vector<std::byte> bytes = file_.bytes(file_.size() - tail, tail);
    std::size_t at = tail - kEndSize;
    while (number<std::uint32_t>(bytes, at) != kDirectoryEnd ||
           number<std::uint16_t>(bytes, at + 20) != tail - kEndSize - at) {
      if (at-- == 0)
        fail("the record at its end is missing: it is cut off; copy or download it again");
    }
    const Bytes end = Bytes(bytes).subspan(at);
    std::uint64_t limit = file_.size() - tail + at;
    Directory found{number<std::uint32_t>(end, 16), number<std::uint32_t>(end, 12),
                    number<std::uint16_t>(end, 10)};
    if (number<std::uint16_t>(end, 8) != found.count) fail("it is split over several disks");
    if (found.offset == kLimit || found.size == kLimit || found.count == kCountLimit) {
      found = find_directory64(limit);
    }
    if (found.offset > limit || found.size > limit - found.offset) {
      fail(fmt::format("its directory of {} bytes at {} is not inside the file of {} bytes",
                       found.size, found.offset, file_.size()));
    }
    return found;
  }

  // By the records of large files, which end at `limit`; sets that to where they begin.
  Directory find_directory64(std::uint64_t& limit) const {
    if (limit < kLocatorSize + kEnd64Size) fail("its 64-bit records are missing");
    const auto locator = file_.bytes(limit - kLocatorSize, kLocatorSize);
    const auto at = number<std::uint64_t>(locator, 8);
    if (number<std::uint32_t>(locator, 0) != kEnd64Locator ||
        at > limit - kLocatorSize - kEnd64Size) {
      fail("its 64-bit records are missing");
    }
    const auto end = file_.bytes(at, kEnd64Size);
    if (number<std::uint32_t>(end, 0) != kEnd64) fail("its 64-bit records are missing");
    limit = at;
    return {number<std::uint64_t>(end, 48), number<std::uint64_t>(end, 40),
            number<std::uint64_t>(end, 32)};
  }

  // The first entry in `bytes`; how many of them it takes.
  std::size_t read_entry(Bytes bytes, std::vector<Described>& all) {
    if (bytes.size() < kEntrySize || number<std::uint32_t>(bytes, 0) != kDirectoryEntry) {
      fail(fmt::format("entry {} of its directory is broken", all.size()));
    }
    const std::size_t name_size = number<std::uint16_t>(bytes, 28);
    const std::size_t extra_size = number<std::uint16_t>(bytes, 30);
    const std::size_t size = kEntrySize + name_size + extra_size + number<std::uint16_t>(bytes, 32);
    if (bytes.size() < size) {
      fail(fmt::format("entry {} of its directory is truncated", all.size()));
    }
    Described one{{std::string(characters_of(bytes.subspan(kEntrySize, name_size))), 0,
                   number<std::uint32_t>(bytes, 24)},
                  number<std::uint16_t>(bytes, 8),
                  number<std::uint16_t>(bytes, 10),
                  number<std::uint32_t>(bytes, 16),
                  number<std::uint32_t>(bytes, 20),
                  number<std::uint32_t>(bytes, 42)};
    if (!names_.insert(one.entry.name).second) {
      fail(fmt::format("it has '{}' twice", one.entry.name));
    }
    apply_extra64(bytes.subspan(kEntrySize + name_size, extra_size), one);
    find_content(one);
    all.push_back(std::move(one));
    return size;
  }

  // Takes the numbers that do not fit into 32 bits from the extra fields.
  void apply_extra64(Bytes extra, Described& one) const {
    std::vector<std::uint64_t*> wanted;
    for (std::uint64_t* value : {&one.entry.size, &one.packed, &one.local}) {
      if (*value == kLimit) wanted.push_back(value);
    }
    while (!wanted.empty()) {
      if (extra.size() < 4 || extra.size() - 4 < number<std::uint16_t>(extra, 2)) {
        fail(fmt::format("'{}' lacks its 64-bit sizes", one.entry.name));
      }
      const Bytes field = extra.subspan(4, number<std::uint16_t>(extra, 2));
      if (number<std::uint16_t>(extra, 0) == kExtra64 && field.size() >= 8 * wanted.size()) {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          *wanted[i] = number<std::uint64_t>(field, 8 * i);
        }
        return;
      }
      extra = extra.subspan(4 + field.size());
    }
  }

  // Reads the header before an entry's bytes, which says where they begin.
  void find_content(Described& one) const {
    const std::string& name = one.entry.name;
    const std::uint64_t size = one.entry.size, end = directory_.offset;
    if ((one.flags & kEncrypted) != 0) fail(fmt::format("'{}' is encrypted", name));
    if (one.method != 0 || one.packed != size) {
      fail(fmt::format("'{}' is compressed; expected a stored entry", name));
    }
    std::vector<std::byte> header;
    if (one.local <= end && end - one.local >= kLocalSize) {
      header = file_.bytes(one.local, kLocalSize);
    }
    if (header.empty() || number<std::uint32_t>(header, 0) != kLocalHeader) {
      fail(fmt::format("there is no header of '{}' at byte {}", name, one.local));
    }
    const std::size_t name_size = number<std::uint16_t>(header, 26);
    one.entry.offset = one.local + kLocalSize + name_size + number<std::uint16_t>(header, 28);
    if (one.entry.offset > end || end - one.entry.offset < size) {
      fail(fmt::format("'{}' of {} bytes is not inside the file", name, size));
    }
    if (characters_of(file_.bytes(one.local + kLocalSize, name_size)) != name) {
      fail(fmt::format("the header of '{}' has another name", name));
    }
    const std::uint64_t narrow = std::min(size, kLimit);
    const bool sizes_here = (number<std::uint16_t>(header, 6) & kSizesFollow) == 0;
    if (number<std::uint16_t>(header, 8) != 0 ||
        (sizes_here && (number<std::uint32_t>(header, 14) != one.crc ||
                        number<std::uint32_t>(header, 18) != narrow ||
                        number<std::uint32_t>(header, 22) != narrow))) {
      fail(fmt::format("the header of '{}' contradicts the directory", name));
    }
  }

  void refuse_overlaps(std::vector<Described>& all) const {
    std::vector<const Described*> sorted;
    sorted.reserve(all.size());
    for (const Described& one : all) sorted.push_back(&one);
    std::ranges::sort(sorted, {}, &Described::local);
    std::uint64_t end = 0;
    for (const Described* one : sorted) {
      if (one->local < end) fail(fmt::format("'{}' overlaps another entry", one->entry.name));
      end = one->entry.offset + one->entry.size;
    }
  }

  void check_content(const Described& one) const {
    constexpr std::size_t kPiece = 1 << 20;
    std::uint32_t crc = 0;
    ByteCursor cursor(file_, one.entry.offset, one.entry.offset + one.entry.size);
    while (cursor.remaining() > 0) {
      const Bytes piece = cursor.take(std::min<std::uint64_t>(cursor.remaining(), kPiece));
      crc = zip::crc32(crc, piece.data(), piece.size());
    }
    if (crc != one.crc) {
      fail(fmt::format("'{}' is damaged (its CRC-32 is wrong)", one.entry.name));
    }
  }

  const ByteSource& file_;
  Directory directory_{};
  std::set<std::string> names_;
};

}  // namespace

std::uint32_t zip::crc32(std::uint32_t crc, const std::byte* bytes, std::size_t count) {
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes), count));
}

std::vector<ZipEntry> read_zip(const ByteSource& file) {
  return Reader(file).read();
}

}  // namespace imgcls
