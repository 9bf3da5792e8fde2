#include <imgcls/core/little_endian.h>
#include <imgcls/log/crc32c.h>
#include <imgcls/log/tf_record.h>

#include <cstdint>

namespace imgcls::report {
namespace {

constexpr std::size_t kLength = 8, kChecksum = 4;

}  // namespace

std::string tf_record(std::string_view bytes) {
  std::string record;
  record.reserve(kLength + bytes.size() + 2 * kChecksum);
  append_le(record, std::uint64_t{bytes.size()});
  append_le(record, masked_crc32c(record));
  record += bytes;
  append_le(record, masked_crc32c(bytes));
  return record;
}

std::optional<std::string_view> next_tf_record(std::string_view& file) {
  constexpr std::size_t kHead = kLength + kChecksum;
  if (file.size() < kHead + kChecksum) return {};
  const std::string_view length = file.substr(0, kLength);
  if (load_le<std::uint32_t>(file.substr(kLength, kChecksum)) != masked_crc32c(length)) return {};
  const std::uint64_t size = load_le<std::uint64_t>(length);
  if (size > file.size() - kHead - kChecksum) return {};
  const std::string_view bytes = file.substr(kHead, size);
  if (load_le<std::uint32_t>(file.substr(kHead + size, kChecksum)) != masked_crc32c(bytes))
    return {};
  file.remove_prefix(kHead + size + kChecksum);
  return bytes;
}

}  // namespace imgcls::report
