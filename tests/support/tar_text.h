#pragma once
// Tar archives as texts, also such as no tar program writes.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace imgcls::test {

/// A ustar header with these bytes behind it. Kinds: '0' a file, '1' a hard link, '2' a symbolic
/// link, '3' a device, '5' a folder, '6' a FIFO, 'L' a long name of the next member.
inline std::string tar_member(std::string_view name, std::string_view bytes, char kind = '0',
                              std::string_view target = {}) {
  std::string before;
  if (name.size() > 100) {
    before = tar_member("././@LongLink", std::string(name) + '\0', 'L');
    name = name.substr(0, 100);
  }
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  char octal[32];
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  std::snprintf(octal, sizeof octal, "%011zo", bytes.size());
  put(124, octal);
  put(136, "00000000000");
  put(148, "        ");
  header[156] = kind;
  put(157, target);
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, std::string_view(octal, 7));
  return before + header + std::string(bytes) + std::string((512 - bytes.size() % 512) % 512, '\0');
}

/// What ends an archive.
inline std::string tar_end() {
  return std::string(1024, '\0');
}

}  // namespace imgcls::test
