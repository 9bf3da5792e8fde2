#pragma once
// XXH3: digests that are fast to make, for data sets. They find every accident (a flipped bit, a
// file cut off or mixed up), not what somebody forged on purpose; sha256.h is for that.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// XXH3's 64 bits of `bytes`.
std::uint64_t xxh3(std::span<const std::byte> bytes);

/// XXH3's 128 bits: the lower half first, each half little-endian.
using Digest128 = std::array<std::byte, 16>;

/// XXH3's 128 bits of a stream of bytes.
class Xxh3 {
 public:
  Xxh3();
  ~Xxh3();
  Xxh3(Xxh3&&) noexcept;             ///< leaves the other one to be assigned to or destroyed
  Xxh3& operator=(Xxh3&&) noexcept;  ///< leaves the other one to be assigned to or destroyed

  Xxh3& update(std::span<const std::byte> bytes);  ///< adds bytes to what is hashed
  Xxh3& update(std::string_view text);             ///< the same of a text's bytes
  /// The digest of what came so far.
  Digest128 digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class InputFile;

/// XXH3's 128 bits of a whole file. Throws IoError.
Digest128 digest_of(const InputFile& file);

/// 32 hexadecimal digits.
std::string hex(const Digest128& digest);

/// What `hex` made, read back; false: it is not 32 hexadecimal digits.
bool from_hex(std::string_view text, Digest128& digest);

}  // namespace imgcls
