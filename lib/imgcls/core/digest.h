#pragma once
// Digests of streams of bytes, by OpenSSL: what sha256.h and md5.h have in common.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// A digest that is being made. Movable.
class Digest {
 public:
  ~Digest();
  Digest(Digest&&) noexcept;             ///< leaves the other one to be assigned to or destroyed
  Digest& operator=(Digest&&) noexcept;  ///< leaves the other one to be assigned to or destroyed

  /// Adds bytes to what is hashed.
  Digest& update(std::span<const std::byte> bytes);
  Digest& update(std::string_view text);  ///< the same of a text's bytes

  /// The digest in lower-case hexadecimal digits. Call once, last.
  std::string hex();

 protected:
  /// `algorithm` is OpenSSL's name. Throws Error where OpenSSL does not offer it.
  explicit Digest(const std::string& algorithm);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imgcls
