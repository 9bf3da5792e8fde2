#include <imgcls/image/jpeg/entropy.h>

#include <algorithm>

namespace imgcls::data {

HuffmanTable::Entry HuffmanTable::entry_of(int length, int symbol) const {
  Entry entry;
  entry.code = static_cast<std::uint8_t>(length);
  entry.value = static_cast<std::uint8_t>(symbol & 15);
  entry.run = static_cast<std::uint8_t>(dc_ ? 0 : symbol >> 4);
  // Without a value: a run of 16 zeros, of which the last counts as the coefficient; else the end.
  if (!dc_ && entry.value == 0 && entry.run != 15) entry.run = kEnd;
  entry.total = static_cast<std::uint8_t>(entry.code + entry.value);
  return entry;
}

bool HuffmanTable::build(const HuffmanCodes& codes, bool dc) {
  if (codes.symbols.empty()) return false;
  dc_ = dc;
  fast_.fill({});
  std::uint32_t code = 0;
  std::size_t place = 0;
  for (int length = 1; length <= 16; ++length) {
    const std::size_t count = codes.counts[static_cast<std::size_t>(length) - 1];
    index_[static_cast<std::size_t>(length)] =
        static_cast<std::int32_t>(place) - static_cast<std::int32_t>(code);
    for (std::size_t i = 0; i < count; ++i, ++code, ++place) {
      const int symbol = std::to_integer<int>(codes.symbols[place]);
      if (dc && symbol > 15) return false;
      symbols_[place] = static_cast<std::uint8_t>(symbol);
      if (length > kBits || code >> length != 0) continue;
      const int free = kBits - length;
      std::fill_n(fast_.begin() + (static_cast<std::ptrdiff_t>(code) << free),
                  std::ptrdiff_t{1} << free, entry_of(length, symbol));
    }
    // More codes than there can be; one of ones alone is not allowed.
    if (count > 0 && code >= std::uint32_t{1} << length) return false;
    end_[static_cast<std::size_t>(length)] = code << (16 - length);
    code <<= 1;
  }
  return true;
}

HuffmanTable::Entry HuffmanTable::find_long(std::uint64_t bits) const {
  const auto top = static_cast<std::uint32_t>(bits >> 48);
  for (std::size_t length = kBits + 1; length <= 16; ++length) {
    if (top >= end_[length]) continue;
    const auto code = static_cast<std::int32_t>(top >> (16 - length));
    const auto at = static_cast<std::size_t>(std::int64_t{code} + index_[length]);
    return at < symbols_.size() ? entry_of(static_cast<int>(length), symbols_[at]) : Entry{};
  }
  return {};
}

BitReader::BitReader(std::span<const std::byte> file, BitPosition from)
    : begin_(reinterpret_cast<const std::uint8_t*>(file.data())),
      next_(begin_ + std::min<std::size_t>(from.byte, file.size())),
      end_(begin_ + file.size()) {
  if (from.bit == 0) return;
  fill_slowly();
  skip(from.bit);
}

BitReader::Buffer BitReader::filled(Buffer buffer, const std::uint8_t* end) {
  while (buffer.count <= 56) {
    std::uint64_t byte = 0;
    const std::uint8_t* const next = buffer.next;
    if (next == end || (*next == 0xFF && (end - next < 2 || next[1] != 0))) {
      buffer.padding += 8;
    } else {
      byte = *next;
      buffer.next += byte == 0xFF ? 2 : 1;
    }
    buffer.bits |= byte << (56 - buffer.count);
    buffer.count += 8;
  }
  // Zeros at the end that nobody counts any more.
  buffer.padding = std::min(buffer.padding, 1 << 20);
  return buffer;
}

BitPosition BitReader::position() const {
  const std::uint8_t* at = next_;
  int unread = count_ - padding_;
  while (unread > 0) {
    at -= at - begin_ >= 2 && at[-1] == 0 && at[-2] == 0xFF ? 2 : 1;
    unread -= 8;
  }
  return {static_cast<std::uint32_t>(at - begin_), static_cast<std::uint8_t>(-unread)};
}

bool BitReader::restart(int number) {
  // The rest of the last byte is filled up with ones; a whole byte more would be a stray one.
  if (count_ - padding_ >= 8 || overrun()) return false;
  if (end_ - next_ < 2 || next_[0] != 0xFF || next_[1] != 0xD0 + number) return false;
  next_ += 2;
  bits_ = 0;
  count_ = padding_ = 0;
  return true;
}

}  // namespace imgcls::data
