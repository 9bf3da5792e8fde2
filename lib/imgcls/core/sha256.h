#pragma once
// SHA-256, for checkpoint manifests and data fingerprints.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// SHA-256 of a stream of bytes.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  /// Adds bytes to what is hashed.
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);

  /// The digest as 64 lower-case hexadecimal digits. Call once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of `bytes` in hexadecimal.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace imgcls
