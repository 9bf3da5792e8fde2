#pragma once
// MD5, for archives whose publishers state no better sum. Against damage, not against malice.

#include <imgcls/core/digest.h>

namespace imgcls {

/// MD5 of a stream of bytes: 32 digits.
class Md5 : public Digest {
 public:
  /// Throws Error where OpenSSL offers no MD5 (a FIPS-only system).
  Md5() : Digest("MD5") {}
};

}  // namespace imgcls
