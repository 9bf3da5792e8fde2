#pragma once
// MD5, for archives whose publishers state no better sum. Against damage, not against malice.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace imgcls {

/// MD5 of a stream of bytes.
class Md5 {
 public:
  /// Throws Error where OpenSSL offers no MD5 (a FIPS-only system).
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;

  /// Adds bytes to what is hashed.
  Md5& update(std::span<const std::byte> bytes);

  /// The digest as 32 lower-case hexadecimal digits. Call once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imgcls
