#include <imgcls/core/quoted_name.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace imgcls {
namespace {

constexpr std::string_view kOpen = "$'", kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::array<std::pair<char, char>, 5> kEscapes{
    {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\\', '\\'}, {'\'', '\''}}};

/// The bytes of the character that `text` begins with and its number; 0 bytes where it is not
/// UTF-8.
struct Character {
  std::size_t bytes = 0;
  std::uint32_t number = 0;
};

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {1, byte(0)};
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {};
  std::uint32_t number = byte(0) & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    number = number << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = number >= 0xD800 && number < 0xE000;
  if (number < kLeast[bytes] || number > 0x10FFFF || surrogate) return {};
  return {bytes, number};
}

/// Whether a character may stand for itself: no control character, no line separator.
bool is_plain(std::uint32_t number) {
  const bool control = number < 0x20 || (number >= 0x7F && number < 0xA0);
  return !control && number != 0x2028 && number != 0x2029;
}

bool is_plain(std::string_view name) {
  if (name.starts_with(kOpen) || name.starts_with(kByteOrderMark)) return false;
  while (!name.empty()) {
    const Character character = first_of(name);
    if (character.bytes == 0 || !is_plain(character.number)) return false;
    name.remove_prefix(character.bytes);
  }
  return true;
}

void append_escaped(char c, std::string& text) {
  const auto* const found = std::find_if(kEscapes.begin(), kEscapes.end(),
                                         [c](const auto& escape) { return escape.first == c; });
  if (found != kEscapes.end()) {
    text += '\\';
    text += found->second;
  } else {
    text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

/// Takes an escape, without its backslash, off the front of `text`; nothing where it is none.
std::optional<char> take_escape(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const char kind = text.front();
  text.remove_prefix(1);
  if (kind == 'x') {
    unsigned value = 0;
    if (text.size() < 2) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
    if (error != std::errc() || end != text.data() + 2) return std::nullopt;
    text.remove_prefix(2);
    return static_cast<char>(value);
  }
  const auto* const found =
      std::find_if(kEscapes.begin(), kEscapes.end(),
                   [kind](const auto& escape) { return escape.second == kind; });
  return found == kEscapes.end() ? std::nullopt : std::optional(found->first);
}

std::optional<std::string> unquoted(std::string_view text) {
  if (!text.starts_with(kOpen) || !text.ends_with('\'') || text.size() <= kOpen.size()) {
    return std::nullopt;
  }
  text = text.substr(kOpen.size(), text.size() - kOpen.size() - 1);
  std::string name;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\'') return std::nullopt;  // it would have ended here
    if (c != '\\') {
      name += c;
      continue;
    }
    const std::optional<char> escape = take_escape(text);
    if (!escape) return std::nullopt;
    name += *escape;
  }
  return name;
}

}  // namespace

std::string quote_name(std::string_view name) {
  if (is_plain(name)) return std::string(name);
  std::string text(kOpen);
  if (name.starts_with(kByteOrderMark)) {
    for (const char c : kByteOrderMark) append_escaped(c, text);
    name.remove_prefix(kByteOrderMark.size());
  }
  while (!name.empty()) {
    const Character character = first_of(name);
    const std::string_view bytes = name.substr(0, std::max<std::size_t>(character.bytes, 1));
    const bool has_escape = bytes == "\\" || bytes == "'";
    if (character.bytes > 0 && is_plain(character.number) && !has_escape) {
      text += bytes;
    } else {
      for (const char c : bytes) append_escaped(c, text);
    }
    name.remove_prefix(bytes.size());
  }
  return text + '\'';
}

std::string unquote_name(std::string_view text) {
  return unquoted(text).value_or(std::string(text));
}

}  // namespace imgcls
