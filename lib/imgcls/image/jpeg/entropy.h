#pragma once
// The entropy-coded bits of a baseline JPEG: Huffman tables, and a reader that decodes blocks or
// passes over them (ITU-T T.81, annex F). Internal to imgcls::data.

#include <imgcls/image/jpeg/frame.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace imgcls::data {

/// A Huffman table for lookups. An entry says all of a symbol: how many bits it takes with the bits
/// of the value that follow, how many of these are the value's, and what the coefficient's place is
/// ahead. So the next symbol's place is known after one lookup, and the value is worked out beside.
class HuffmanTable {
 public:
  static constexpr int kBits = 10;  ///< of codes that one lookup decodes

  /// What the next bits say.
  struct Entry {
    std::uint8_t total = 0;  ///< bits of the code and the value; 0: a longer code, or none
    std::uint8_t code = 0;   ///< bits of the code
    std::uint8_t value = 0;  ///< bits of the value
    std::uint8_t run = 0;    ///< zeros before the coefficient; kEnd: the block's last symbol
  };
  static constexpr std::uint8_t kEnd = 64;  ///< a `run` beyond any place in a block

  /// For DC differences, or for AC coefficients. False where the codes are none, or where libjpeg
  /// would refuse them.
  bool build(const HuffmanCodes& codes, bool dc);

  /// The entry for the bits at the top of `bits`; its total is 0 where they are no code.
  Entry find(std::uint64_t bits) const {
    const Entry entry = fast_[bits >> (64 - kBits)];
    return entry.total != 0 ? entry : find_long(bits);
  }

 private:
  Entry entry_of(int length, int symbol) const;
  Entry find_long(std::uint64_t bits) const;

  bool dc_ = false;
  std::array<Entry, 1 << kBits> fast_;
  std::array<std::uint32_t, 17> end_{};   // of the codes of each length, as 16 bits
  std::array<std::int32_t, 17> index_{};  // from a code of that length to its symbol
  std::array<std::uint8_t, 256> symbols_{};
};

/// Where the entropy-coded data go on: a byte of the file, and the bits of it that are used up.
struct BitPosition {
  std::uint32_t byte = 0;  ///< from the file's start
  std::uint8_t bit = 0;    ///< 0 to 7
};

/// Reads bits of entropy-coded data. At a marker, and at the end, it reads zeros; `overrun` tells.
class BitReader {
 public:
  BitReader() = default;
  /// Begins at that position of `file`, which is kept by reference.
  BitReader(std::span<const std::byte> file, BitPosition from);

  /// As many bits at the top of `bits()` as there is room for, 56 at least.
  void fill() {
    if (end_ - next_ >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, next_, sizeof word);
      if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
      if (!has_ff(word)) {
        bits_ |= word >> count_;
        next_ += (63 - count_) >> 3;
        count_ |= 56;
        return;
      }
    }
    fill_slowly();
  }
  /// Whether there are bits for a symbol of any length.
  bool has_symbol() const { return count_ >= 32; }
  /// The next ones, from the highest bit on; as many as `fill` has left.
  std::uint64_t bits() const { return bits_; }
  /// Uses up bits that `bits` holds.
  void skip(int count) {
    bits_ <<= count;
    count_ -= count;
  }

  /// Whether bits were used that are not there.
  bool overrun() const { return padding_ > count_; }
  /// Where the next bit lies in the file.
  BitPosition position() const;
  /// Goes past a restart marker, which must be next. False where it is not.
  bool restart(int number);

 private:
  static bool has_ff(std::uint64_t word) {
    constexpr std::uint64_t kLow = 0x0101010101010101, kHigh = 0x8080808080808080;
    const std::uint64_t inverse = ~word;  // a byte of 0 where there was 0xFF
    return ((inverse - kLow) & ~inverse & kHigh) != 0;
  }
  /// What filling changes. Handed over by value: so that a reader's address is not taken, and loops
  /// have it in registers.
  struct Buffer {
    const std::uint8_t* next;
    std::uint64_t bits;
    int count, padding;
  };
  static Buffer filled(Buffer buffer, const std::uint8_t* end);
  void fill_slowly() {
    const Buffer buffer = filled({next_, bits_, count_, padding_}, end_);
    next_ = buffer.next;
    bits_ = buffer.bits;
    count_ = buffer.count;
    padding_ = buffer.padding;
  }

  const std::uint8_t *begin_ = nullptr, *next_ = nullptr, *end_ = nullptr;
  std::uint64_t bits_ = 0;
  int count_ = 0;    // bits at the top of bits_
  int padding_ = 0;  // of them, how many at the end are not the file's
};

}  // namespace imgcls::data
