#pragma once
// SHA-256, for checkpoint manifests and data fingerprints.

#include <imgcls/core/digest.h>

#include <cstddef>
#include <span>
#include <string>

namespace imgcls {

/// SHA-256 of a stream of bytes: 64 digits.
class Sha256 : public Digest {
 public:
  Sha256() : Digest("SHA256") {}  ///< of no bytes yet
};

/// SHA-256 of `bytes` in hexadecimal.
inline std::string sha256(std::span<const std::byte> bytes) {
  return Sha256().update(bytes).hex();
}

}  // namespace imgcls
