#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/sha256.h>
#include <imgcls/dist/launch/job_secret.h>

#include <cstdlib>

namespace imgcls::dist {
namespace {

constexpr const char* kVariable = "IMGCLS_SECRET";
constexpr const char* kFileVariable = "IMGCLS_SECRET_FILE";

std::string text_of(const std::string& file) {
  std::string text = read_text(file);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

std::string given_secret() {
  const char* text = std::getenv(kVariable);
  const char* file = std::getenv(kFileVariable);
  if (text == nullptr && file == nullptr) return {};
  if (text != nullptr && file != nullptr) {
    throw DistError(fmt::format("the environment variables {} and {} are both set: set one of them",
                                kVariable, kFileVariable));
  }
  const std::string secret = text != nullptr ? std::string(text) : text_of(file);
  if (secret.empty()) {
    throw DistError(fmt::format(
        "the secret of {} is empty: set it to the same hard-to-guess text for all ranks (openssl "
        "rand -hex 16), or unset the variable",
        text != nullptr ? kVariable : fmt::format("{}={}", kFileVariable, file)));
  }
  return Sha256().update("imgcls: " + secret).hex();
}

}  // namespace imgcls::dist
