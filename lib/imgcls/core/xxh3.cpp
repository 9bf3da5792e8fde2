#include <imgcls/core/input_file.h>
#include <imgcls/core/xxh3.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

// Compiled into this file: users of the library then need no libxxhash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace imgcls {

struct Xxh3::State {
  XXH3_state_t xxh3;
};

std::uint64_t xxh3(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Xxh3::Xxh3() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->xxh3);
}
Xxh3::~Xxh3() = default;
Xxh3::Xxh3(Xxh3&&) noexcept = default;
Xxh3& Xxh3::operator=(Xxh3&&) noexcept = default;

Xxh3& Xxh3::update(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size());
  return *this;
}

Xxh3& Xxh3::update(std::string_view text) {
  return update(std::as_bytes(std::span(text)));
}

Digest128 Xxh3::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh3);
  Digest128 digest{};
  for (unsigned i = 0; i < 8; ++i) {
    digest[i] = static_cast<std::byte>(hash.low64 >> (8 * i));
    digest[8 + i] = static_cast<std::byte>(hash.high64 >> (8 * i));
  }
  return digest;
}

Digest128 digest_of(const InputFile& file) {
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  Xxh3 digest;
  std::vector<std::byte> piece(std::min<std::uint64_t>(kPiece, file.bytes()));
  for (std::uint64_t at = 0; at < file.bytes(); at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(kPiece, file.bytes() - at));
    file.read(at, piece);
    digest.update(piece);
  }
  return digest.digest();
}

std::string hex(const Digest128& digest) {
  std::string text;
  for (const std::byte byte : digest) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

bool from_hex(std::string_view text, Digest128& digest) {
  if (text.size() != 2 * digest.size()) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return false;
    digest[i] = static_cast<std::byte>(value);
  }
  return true;
}

}  // namespace imgcls
