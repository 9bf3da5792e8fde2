#include <imgcls/report/crc32c.h>
#include <imgcls/report/tf_record.h>

#include <cstdint>

namespace imgcls::report {
namespace {

constexpr std::size_t kLength = 8, kChecksum = 4;

template <typename Integer>
void append(std::string& text, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t integer(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

std::string tf_record(std::string_view bytes) {
  std::string record;
  record.reserve(kLength + bytes.size() + 2 * kChecksum);
  append(record, std::uint64_t{bytes.size()});
  append(record, masked_crc32c(record));
  record += bytes;
  append(record, masked_crc32c(bytes));
  return record;
}

std::optional<std::string_view> next_tf_record(std::string_view& file) {
  constexpr std::size_t kHead = kLength + kChecksum;
  if (file.size() < kHead + kChecksum) return {};
  const std::string_view length = file.substr(0, kLength);
  if (integer(file.substr(kLength, kChecksum)) != masked_crc32c(length)) return {};
  const std::uint64_t size = integer(length);
  if (size > file.size() - kHead - kChecksum) return {};
  const std::string_view bytes = file.substr(kHead, size);
  if (integer(file.substr(kHead + size, kChecksum)) != masked_crc32c(bytes)) return {};
  file.remove_prefix(kHead + size + kChecksum);
  return bytes;
}

}  // namespace imgcls::report
