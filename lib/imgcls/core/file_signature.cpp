#include <imgcls/core/file_signature.h>

namespace imgcls {

std::string_view find_signature(std::span<const FileSignature> signatures, std::string_view begin) {
  for (const FileSignature& signature : signatures) {
    if (begin.size() >= signature.at && begin.substr(signature.at).starts_with(signature.bytes)) {
      return signature.what;
    }
  }
  return {};
}

}  // namespace imgcls
