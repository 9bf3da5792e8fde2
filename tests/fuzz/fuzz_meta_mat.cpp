// Any bytes as a devkit's meta.mat, and as the compressed variable in one: a DataError, or classes.
#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/prepare/imagenet/devkit.h>

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

void read(std::span<const std::byte> file) {
  try {
    const ImageNetMeta meta = read_devkit(file, "fuzzed", "1\n2\n", "labels");
    if (meta.classes.empty() || meta.val_wnids.size() != 2) std::abort();
  } catch (const DataError&) {
  }
}

/// A MAT-file of the bytes behind a header, compressed.
std::vector<std::byte> compressed(std::span<const std::byte> bytes) {
  std::vector<std::byte> file(124);
  append_le<std::uint32_t>(file, 0x4D490100);  // version 5, little-endian
  std::vector<Bytef> packed(compressBound(bytes.size()));
  uLongf size = packed.size();
  compress2(packed.data(), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1);
  append_le<std::uint32_t>(file, 15);
  append_le(file, static_cast<std::uint32_t>(size));
  const auto* begin = reinterpret_cast<const std::byte*>(packed.data());
  file.insert(file.end(), begin, begin + size);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read(bytes);
  if (size > 128) read(compressed(bytes.subspan(128)));
  return 0;
}
