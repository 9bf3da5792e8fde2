#include <imgcls/core/error.h>
#include <imgcls/data/packed_files.h>
#include <imgcls/data/path_names.h>
#include <imgcls/data/tar.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace imgcls::data {
namespace {

constexpr std::uint64_t kMaxExtra = std::uint64_t{1} << 20;  // bytes of a long name or a pax header

using Block = std::array<std::byte, kTarBlock>;

/// A field of a header: where it is and how long.
struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kType = 156;

std::string_view text(const Block& block, Field field) {
  const std::string_view whole(reinterpret_cast<const char*>(block.data()) + field.at, field.size);
  return whole.substr(0, whole.find('\0'));
}

// Octal digits with spaces or zero bytes around them, or, where the first byte's upper bit is set,
// a big-endian number.
std::optional<std::uint64_t> number(const Block& block, Field field) {
  std::span<const std::byte> bytes = std::span(block).subspan(field.at, field.size);
  std::uint64_t value = 0;
  if ((bytes[0] & std::byte{0x80}) != std::byte{}) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto byte =
          std::to_integer<std::uint64_t>(i == 0 ? bytes[0] & std::byte{0x7F} : bytes[i]);
      if (value >> 55 != 0) return std::nullopt;  // negative, or more than any file has
      value = value << 8 | byte;
    }
    return value;
  }
  std::string_view digits(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t begin = digits.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  digits.remove_prefix(begin);
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, 8);
  if (error != std::errc() || digits.front() == '-') return std::nullopt;
  const bool clean = std::all_of(stop, end, [](char c) { return c == ' ' || c == '\0'; });
  return clean ? std::optional(value) : std::nullopt;
}

// The sum of the header's bytes, the checksum's own taken as spaces. Old programs summed signed
// bytes.
bool has_checksum(const Block& block) {
  std::int64_t plain = 0, with_sign = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    const int byte = own ? ' ' : std::to_integer<int>(block[i]);
    plain += byte;
    with_sign += static_cast<signed char>(byte);
  }
  const auto said = number(block, kChecksum);
  return said && (static_cast<std::int64_t>(*said) == plain ||
                  static_cast<std::int64_t>(*said) == with_sign);
}

/// Goes through a tar file, header by header.
class Lister {
 public:
  Lister(const ReadAt& read, std::uint64_t bytes, std::string_view archive)
      : read_(read), bytes_(bytes), archive_(archive) {}

  std::vector<TarMember> run() {
    for (;;) {
      const Block block = next_block();
      if (std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{}; })) {
        if (has_extra()) fail("a long name or pax header is followed by no member");
        return std::move(members_);
      }
      if (!has_checksum(block)) fail("the header's checksum is wrong");
      take(block);
    }
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(
        fmt::format("{} is not a usable tar file: at byte {}: {}", archive_, header_at_, reason));
  }
  [[noreturn]] void fail_member(std::string_view name, std::string_view reason) const {
    constexpr std::size_t kShown = 200;
    fail(fmt::format("member '{}' {}", name.substr(0, kShown), reason));
  }

  Block next_block() {
    header_at_ = at_;
    if (bytes_ - at_ < kTarBlock) fail("it ends without an end mark: it is cut off");
    Block block{};
    read_(at_, block);
    at_ += kTarBlock;
    return block;
  }

  bool has_extra() const { return long_name_ || pax_path_ || pax_size_; }

  void take(const Block& block) {
    const auto type = static_cast<char>(block[kType]);
    const std::string name = pax_path_ ? *pax_path_ : long_name_ ? *long_name_ : own_name(block);
    const bool about_next = type == 'L' || type == 'K' || type == 'x' || type == 'g';
    std::optional<std::uint64_t> size = number(block, kSize);
    if (pax_size_ && !about_next) size = pax_size_;
    if (has_no_bytes(type)) size = 0;
    if (!size) fail_member(name, "has a size that is not a number, or negative");
    if (*size > bytes_ - at_) {
      fail_member(name, fmt::format("claims {} bytes, and {} are left: it is cut off", *size,
                                    bytes_ - at_));
    }
    const std::uint64_t offset = at_;
    // The last block may lack its padding; then no end mark follows, which the next header finds.
    at_ += std::min(tar_padded(*size), bytes_ - at_);
    if (about_next) return note(type, name, offset, *size);
    keep(type, name, offset, *size);
    long_name_.reset();
    pax_path_.reset();
    pax_size_.reset();
  }

  // Some programs note the size of what a link leads to, without its bytes.
  static bool has_no_bytes(char type) { return type >= kHardLink && type <= kFifo; }

  static std::string own_name(const Block& block) {
    const std::string_view prefix = text(block, kPrefix);
    // GNU's magic has a space where ustar's has the zero byte, and other fields where the prefix
    // is.
    const bool ustar = text(block, kMagic) == "ustar";
    std::string name;
    if (ustar && !prefix.empty()) name = fmt::format("{}/", prefix);
    return name += text(block, kName);
  }

  /// A member that says something of the next one.
  void note(char type, std::string_view name, std::uint64_t offset, std::uint64_t size) {
    if (type == 'K' || type == 'g') return;  // a link's target; what holds for all members
    if (size > kMaxExtra) {
      fail_member(name, fmt::format("is a long name or pax header of {} bytes; at most {} are "
                                    "accepted",
                                    size, kMaxExtra));
    }
    std::string content(size, '\0');
    read_(offset, std::as_writable_bytes(std::span(content)));
    if (type == 'L') {
      long_name_ = content.substr(0, content.find('\0'));
    } else {
      note_pax(content);
    }
  }

  // Records of the form "LENGTH KEY=VALUE\n", LENGTH counting the whole record.
  void note_pax(std::string_view records) {
    while (!records.empty()) {
      std::size_t length = 0;
      const auto [end, error] =
          std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(end - records.data());
      if (error != std::errc() || length > records.size() || length < digits + 2 ||
          records[digits] != ' ' || records[length - 1] != '\n') {
        fail("a pax header is broken");
      }
      const std::string_view record = records.substr(digits + 1, length - digits - 2);
      records.remove_prefix(length);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos) fail("a pax header has a record without '='");
      note_pax(record.substr(0, equals), record.substr(equals + 1));
    }
  }

  void note_pax(std::string_view key, std::string_view value) {
    if (key == "path") pax_path_ = value;
    if (key.starts_with("GNU.sparse")) fail("a member is a sparse file");
    if (key != "size") return;
    std::uint64_t size = 0;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, size);
    if (error != std::errc() || stop != end) fail("a pax header's size is not a number");
    pax_size_ = size;
  }

  void keep(char type, std::string_view name, std::uint64_t offset, std::uint64_t size) {
    constexpr char kOldFile = '\0', kFile = '0', kContiguous = '7';
    const bool is_link = type == kHardLink || type == kSymbolicLink;
    const bool is_file = type == kOldFile || type == kFile || type == kContiguous;
    if (type == 'S') fail_member(name, "is a sparse file");
    if (type == 'M') fail_member(name, "is a part of a file that began in another archive");
    if (name.ends_with('/') || (!is_file && !is_link)) return;  // the former in the oldest format
    while (name.starts_with("./")) name.remove_prefix(2);
    if (!is_safe_name(name)) {
      if (is_link) return;
      fail_member(name, "has a name that is empty, too long, absolute, or leads upwards");
    }
    members_.push_back({std::string(name), offset, size, is_link});
  }

  static constexpr char kHardLink = '1', kSymbolicLink = '2', kFifo = '6';

  const ReadAt& read_;
  std::uint64_t bytes_, at_ = 0, header_at_ = 0;
  std::string_view archive_;
  std::vector<TarMember> members_;
  // What was said of the next member.
  std::optional<std::string> long_name_, pax_path_;
  std::optional<std::uint64_t> pax_size_;
};

/// Where a long name is cut into prefix and name; nothing where it cannot be.
std::optional<std::size_t> prefix_of(std::string_view name) {
  if (name.size() <= kName.size) return 0;
  for (std::size_t at = name.find('/'); at != std::string_view::npos; at = name.find('/', at + 1)) {
    const std::size_t rest = name.size() - at - 1;
    if (at > 0 && at <= kPrefix.size && rest > 0 && rest <= kName.size) return at;
  }
  return std::nullopt;
}

}  // namespace

std::vector<TarMember> list_tar(const ReadAt& read, std::uint64_t bytes, std::string_view name) {
  std::array<std::byte, kLongestSignature> begin{};
  const auto head = std::span(begin).first(std::min<std::uint64_t>(bytes, begin.size()));
  read(0, head);
  if (const std::string_view packer = packer_of(head); !packer.empty()) {
    throw DataError(
        fmt::format("{} is packed by {}, whatever its name says: samples are read from plain tar "
                    "files; unpack it, or repack its folder with `imgcls prepare shards`",
                    name, packer));
  }
  return Lister(read, bytes, name).run();
}

bool fits_ustar(std::string_view name) {
  return is_safe_name(name) && prefix_of(name).has_value();
}

std::array<std::byte, kTarBlock> ustar_header(std::string_view name, std::uint64_t bytes) {
  if (!fits_ustar(name)) {
    throw DataError(
        fmt::format("'{}' cannot be the name of a tar file's member: it is too long, absolute, or "
                    "leads upwards",
                    name));
  }
  if (bytes >= std::uint64_t{1} << 33) {
    throw DataError(
        fmt::format("{} has {} bytes; a tar file's members have less than 8 GiB", name, bytes));
  }
  Block block{};
  const auto put = [&block](std::size_t at, std::string_view value) {
    for (std::size_t i = 0; i < value.size(); ++i) block[at + i] = static_cast<std::byte>(value[i]);
  };
  const std::size_t prefix = *prefix_of(name);
  put(kName.at, prefix == 0 ? name : name.substr(prefix + 1));
  put(kPrefix.at, name.substr(0, prefix));
  put(100, "0000644");
  put(108, "0000000");  // owner
  put(116, "0000000");  // group
  put(kSize.at, fmt::format("{:011o}", bytes));
  put(136, fmt::format("{:011o}", 946'684'800));
  put(kChecksum.at, "        ");
  put(kType, "0");
  put(kMagic.at, std::string_view("ustar\0"
                                  "00",
                                  8));
  put(329, "0000000");  // device
  put(337, "0000000");
  unsigned sum = 0;
  for (const std::byte byte : block) sum += std::to_integer<unsigned>(byte);
  put(kChecksum.at, fmt::format("{:06o}", sum));
  block[kChecksum.at + 6] = std::byte{};
  return block;
}

}  // namespace imgcls::data
