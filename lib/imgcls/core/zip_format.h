#pragma once
// Numbers of the ZIP format that its reader and its writer share. Internal to core/.

#include <cstddef>
#include <cstdint>
#include <limits>

namespace imgcls::zip {

/// The four bytes that a header or record begins with.
inline constexpr std::uint32_t kLocalHeader = 0x04034B50, kDirectoryEntry = 0x02014B50,
                               kEnd64 = 0x06064B50, kEnd64Locator = 0x07064B50,
                               kDirectoryEnd = 0x06054B50;
/// Bytes of a header or record, without what has no fixed length.
inline constexpr std::size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22, kEnd64Size = 56,
                             kLocatorSize = 20;
/// Bits of the flags: the entry is encrypted, its sizes follow its bytes, its name is UTF-8.
inline constexpr std::uint16_t kEncrypted = 1, kSizesFollow = 8, kUtf8 = 0x800;

/// The kind of the extra field that holds 64-bit numbers, which stands in for those that are kLimit
/// in the 32-bit fields.
inline constexpr std::uint16_t kExtra64 = 1;
/// Of a 32-bit field.
inline constexpr std::uint64_t kLimit = std::numeric_limits<std::uint32_t>::max();
/// Of a 16-bit field.
inline constexpr std::uint16_t kCountLimit = std::numeric_limits<std::uint16_t>::max();

/// CRC-32 of bytes that follow those of `crc`.
std::uint32_t crc32(std::uint32_t crc, const std::byte* bytes, std::size_t count);

}  // namespace imgcls::zip
