// Any bytes as a meta.bin, and as the pickle in one: a DataError, or a value that is written and
// read again as the same.
#include <imgcls/core/error.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/prepare/imagenet/meta_bin.h>

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
  // Behind right check sums.
  read(zip_in_memory([&](ZipWriter& zip) { zip.add("fuzzed/data.pkl", bytes); }));
  try {
    (void)write_pickle(read_pickle(bytes, "fuzzed"));
  } catch (const DataError&) {
  }
  return 0;
}
