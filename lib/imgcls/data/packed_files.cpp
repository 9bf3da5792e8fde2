#include <imgcls/core/file_signature.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/text.h>
#include <imgcls/data/packed_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace imgcls::data {
namespace {

using namespace std::string_view_literals;

// Of zstd and lz4 also what may stand before the data: pzstd begins each file with such a frame,
// and `lz4 -l` has a mark of its own.
constexpr FileSignature kSignatures[] = {{0, "\x1f\x8b", "gzip"},
                                         {0, "BZh", "bzip2"},
                                         {0, "\xfd\x37zXZ", "xz"},
                                         {0, "\x28\xb5\x2f\xfd", "zstd"},
                                         {1, kSkippableFrame, "zstd"},
                                         {0, "\x04\x22\x4d\x18", "lz4"},
                                         {0, "\x02\x21\x4c\x18", "lz4"},
                                         {0, "LZIP", "lzip"},
                                         {0, "\x1f\x9d", "compress"},
                                         {0, "\x89LZO", "lzop"},
                                         {0, "7z\xbc\xaf\x27\x1c", "7-Zip"},
                                         {0, "Rar!\x1a\x07", "RAR"},
                                         {0, "PK\x03\x04", "zip"}};
constexpr std::array kNotUnpacked{"lzop"sv, "7-Zip"sv, "RAR"sv, "zip"sv, "brotli"sv};

struct Ending {
  std::string_view text;
  std::string_view packer = {};  ///< where files have no signature
};
constexpr Ending kEndings[] = {
    {".tar.gz"}, {".tgz"},         {".taz"},     {".tar.bz2"}, {".tbz2"},
    {".tbz"},    {".tar.xz"},      {".txz"},     {".tar.zst"}, {".tar.zstd"},
    {".tzst"},   {".tar.lz4"},     {".tlz4"},    {".tar.z"},   {".tar.lzma", "lzma"},
    {".tar.lz"}, {".tlz", "lzma"}, {".tar.lzo"}, {".tzo"},     {".tar.br", "brotli"},
    {".tar.7z"}, {".tar.rar"},     {".tar.zip"}};

const Ending* ending_of(std::string_view name) {
  const std::string lower = lower_case(name);
  const auto* const found = std::ranges::find_if(
      kEndings, [&](const Ending& ending) { return lower.ends_with(ending.text); });
  return found == std::end(kEndings) ? nullptr : found;
}

}  // namespace

std::string_view packer_of(std::span<const std::byte> begin) {
  return find_signature(kSignatures, {reinterpret_cast<const char*>(begin.data()), begin.size()});
}

std::string_view packer_of(const std::filesystem::path& path) {
  const InputFile file(path);
  std::array<std::byte, kLongestSignature> begin{};
  const auto head = std::span(begin).first(std::min<std::uint64_t>(file.bytes(), begin.size()));
  file.read(0, head);
  if (const std::string_view packer = packer_of(head); !packer.empty()) return packer;
  const Ending* const ending = ending_of(path.filename().string());
  return ending ? ending->packer : "";
}

bool is_unpacked_here(std::string_view packer) {
  return std::ranges::find(kNotUnpacked, packer) == kNotUnpacked.end();
}

std::string unpacked_name(std::string_view name) {
  const Ending* const ending = ending_of(name);
  return ending ? fmt::format("{}.tar", name.substr(0, name.size() - ending->text.size())) : "";
}

}  // namespace imgcls::data
