// Any bytes as a file of weights, and as the pickle in a .pth: a WeightsError, or tensors that lie
// inside the file, whose names can be looked at.
#include <imgcls/core/error.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/weights/name_match.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/wrappers.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace imgcls;

namespace {

void read(std::span<const std::byte> bytes, std::string_view key) {
  const MemorySource file(bytes, "fuzzed");
  try {
    weights::Listing listing = weights::parse_weights(file, key);
    for (const weights::StoredTensor& tensor : listing.tensors) {
      const auto [offset, size] = listing.place(tensor);
      if (offset > file.size() || size > file.size() - offset) std::abort();
      if (tensor.bytes() > file.size()) std::abort();
    }
    const std::vector<weights::StoredTensor> tensors = listing.tensors;
    weights::take_off_wrappers(listing, file.name());
    std::vector<std::string> names;
    for (const weights::StoredTensor& tensor : listing.tensors) names.push_back(tensor.name);
    const auto all = [](std::string_view) { return true; };
    const auto match = weights::match_names(tensors, names, all, file.name());
    if (match.names.size() != tensors.size()) std::abort();
  } catch (const WeightsError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  // Behind right check sums.
  const auto zip = zip_in_memory([&](ZipWriter& zip) {
    zip.add("fuzzed/data.pkl", bytes);
    for (int i = 0; i < 4; ++i) zip.add("fuzzed/data/" + std::to_string(i), std::string(24, 'x'));
  });
  for (const std::string_view key : {"", "state_dict", "model", "base"}) {
    read(bytes, key);
    read(zip, key);
  }
  return 0;
}
