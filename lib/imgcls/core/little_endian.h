#pragma once
// Numbers in the little-endian order of most file formats, whatever the machine's own.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// The number in the first sizeof(T) bytes; there must be that many.
template <std::unsigned_integral T>
T load_le(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return static_cast<T>(value);
}

/// The same of a text's bytes.
template <std::unsigned_integral T>
T load_le(std::string_view bytes) {
  return load_le<T>(std::as_bytes(std::span(bytes)));
}

/// Appends a number.
template <std::unsigned_integral T>
void append_le(std::vector<std::byte>& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF));
  }
}

/// The same to a text.
template <std::unsigned_integral T>
void append_le(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
  }
}

}  // namespace imgcls
