// Any bytes as a .pth, and as the pickle in one: a WeightsError, or tensors that lie inside the
// file.
#include <imgcls/core/error.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/weights/pth.h>

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace imgcls;

namespace {

void read(std::span<const std::byte> bytes) {
  const MemorySource file(bytes, "fuzzed");
  try {
    const weights::Listing listing = weights::parse_pth(file);
    for (const weights::StoredTensor& tensor : listing.tensors) {
      const auto [offset, size] = listing.place(tensor);
      if (offset > file.size() || size > file.size() - offset) std::abort();
      if (tensor.bytes() > file.size()) std::abort();
    }
  } catch (const WeightsError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read(bytes);
  // Behind right check sums.
  read(zip_in_memory([&](ZipWriter& zip) {
    zip.add("fuzzed/data.pkl", bytes);
    for (int i = 0; i < 4; ++i) zip.add("fuzzed/data/" + std::to_string(i), std::string(24, 'x'));
  }));
  return 0;
}
