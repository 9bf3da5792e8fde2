#include <imgcls/core/file_signature.h>
#include <imgcls/core/text.h>
#include <imgcls/data/packed_files.h>

#include <fmt/format.h>

#include <array>

namespace imgcls::data {
namespace {

constexpr FileSignature kSignatures[] = {
    {0, "\x1f\x8b", "gzip"},        {0, "BZh", "bzip2"},
    {0, "\xfd\x37zXZ", "xz"},       {0, "\x28\xb5\x2f\xfd", "zstd"},
    {0, "\x04\x22\x4d\x18", "lz4"}, {0, "PK\x03\x04", "zip"}};

struct Ending {
  std::string_view packed, plain;
};
constexpr std::array kEndings = {
    Ending{".tar.gz", ".tar"},   Ending{".tgz", ".tar"},     Ending{".tar.bz2", ".tar"},
    Ending{".tbz2", ".tar"},     Ending{".tbz", ".tar"},     Ending{".tar.xz", ".tar"},
    Ending{".txz", ".tar"},      Ending{".tar.zst", ".tar"}, Ending{".tar.zstd", ".tar"},
    Ending{".tzst", ".tar"},     Ending{".tar.lz4", ".tar"}, Ending{".tar.z", ".tar"},
    Ending{".tar.lzma", ".tar"}, Ending{".tlz", ".tar"}};

}  // namespace

std::string_view packer_of(std::span<const std::byte> begin) {
  return find_signature(kSignatures, {reinterpret_cast<const char*>(begin.data()), begin.size()});
}

std::string unpacked_name(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const auto& [packed, plain] : kEndings) {
    if (!lower.ends_with(packed)) continue;
    return fmt::format("{}{}", name.substr(0, name.size() - packed.size()), plain);
  }
  return {};
}

}  // namespace imgcls::data
