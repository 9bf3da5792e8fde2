#pragma once
// The bytes of a pickle, and how many of them are kept. Internal to the reading of pickles.

#include <imgcls/core/byte_source.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/pickle_stack.h>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// Every function throws DataError, whose message begins with the source's name, where the pickle
/// ends before, and where more than kMaxPickle bytes of it are kept.
class PickleInput {
 public:
  /// Of a name, and of its module's.
  static constexpr std::size_t kLongestName = 200;

  PickleInput(ByteCursor& cursor, std::string_view source) : cursor_(cursor), source_(source) {}

  std::uint64_t position() const { return cursor_.position(); }

  std::span<const std::byte> take(std::uint64_t bytes) {
    require(bytes);
    count(bytes);
    return cursor_.take(bytes);
  }
  template <class T>
  T number() {
    return load_le<T>(take(sizeof(T)));
  }
  /// A name, which a line break ends.
  std::string line() {
    std::string line;
    for (char c; (c = static_cast<char>(number<std::uint8_t>())) != '\n'; line += c) {
      if (line.size() == kLongestName) {
        refuse_pickle(source_, "it names something with an endless name");
      }
    }
    return line;
  }
  /// Bytes that are not kept.
  void skip(std::uint64_t bytes) {
    require(bytes);
    cursor_.skip(bytes);
  }
  /// So many bytes are kept.
  void count(std::uint64_t bytes) {
    kept_ += bytes;
    if (kept_ > kMaxPickle) {
      refuse_pickle(source_, fmt::format("it has more than {} MiB of values", kMaxPickle >> 20));
    }
  }

 private:
  void require(std::uint64_t bytes) const {
    if (cursor_.remaining() < bytes) refuse_pickle(source_, "it is truncated");
  }

  ByteCursor& cursor_;
  std::string_view source_;
  std::uint64_t kept_ = 0;
};

}  // namespace imgcls
