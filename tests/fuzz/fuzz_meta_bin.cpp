// Any bytes as a meta.bin, and as the pickle in one: a DataError, or a value that is written and
// read again as the same.
#include <imgcls/core/error.h>
#include <imgcls/data/meta_bin.h>
#include <imgcls/data/pickle.h>
#include <imgcls/data/zip_file.h>

#include <cstdint>
#include <cstdlib>

using namespace imgcls;
using namespace imgcls::data;

namespace {

void read(std::span<const std::byte> file) {
  try {
    const ImageNetMeta meta = read_meta_bin(file, "fuzzed");
    if (read_meta_bin(write_meta_bin(meta), "written") != meta) std::abort();
  } catch (const DataError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read(bytes);
  ZipWriter zip;  // behind right check sums
  zip.add("fuzzed/data.pkl", bytes);
  read(zip.finish());
  try {
    (void)write_pickle(read_pickle(bytes, "fuzzed"));
  } catch (const DataError&) {
  }
  return 0;
}
