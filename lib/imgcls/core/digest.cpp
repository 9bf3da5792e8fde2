#include <imgcls/core/digest.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace imgcls {

struct Digest::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

Digest::Digest(const std::string& algorithm) : state_(std::make_unique<State>()) {
  const EVP_MD* const known = EVP_get_digestbyname(algorithm.c_str());
  if (!state_->context || known == nullptr ||
      EVP_DigestInit_ex(state_->context.get(), known, nullptr) != 1) {
    throw Error(fmt::format("OpenSSL offers no {}", algorithm));
  }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

Digest& Digest::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
  return *this;
}

Digest& Digest::update(std::string_view text) {
  return update(std::as_bytes(std::span(text)));
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int bytes = 0;
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), &bytes);
  std::string text;
  for (unsigned int i = 0; i < bytes; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace imgcls
