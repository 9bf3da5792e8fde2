// Fuzzes the reader of tar files: any bytes are a list of members that lie in the file, or a
// DataError.
#include <imgcls/core/error.h>
#include <imgcls/data/tar.h>

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace imgcls::data;
  const auto file = std::as_bytes(std::span(data, size));
  const ReadAt read = [file](std::uint64_t at, std::span<std::byte> out) {
    if (at > file.size() || out.size() > file.size() - at) std::abort();
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  };
  try {
    for (const TarMember& member : list_tar(read, size, "fuzzed")) {
      if (member.offset > size || member.bytes > size - member.offset) std::abort();
    }
  } catch (const imgcls::DataError&) {
  }
  return 0;
}
