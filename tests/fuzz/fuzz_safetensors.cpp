// Any bytes as a safetensors file: a WeightsError, or tensors that fill the file behind its header.
#include <imgcls/core/error.h>
#include <imgcls/weights/safetensors.h>

#include <cstdint>
#include <cstdlib>

using namespace imgcls;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemorySource file(std::as_bytes(std::span(data, size)), "fuzzed");
  try {
    const weights::Listing listing = weights::parse_safetensors(file);
    std::uint64_t bytes = 0;
    for (const weights::StoredTensor& tensor : listing.tensors) {
      const weights::Place place = listing.place(tensor);
      if (place.offset > file.size() || place.size > file.size() - place.offset) std::abort();
      if (place.size != tensor.bytes()) std::abort();
      bytes += place.size;
    }
    if (bytes > file.size()) std::abort();
    if (weights::safetensors_head(listing.tensors).size() < 8) std::abort();
  } catch (const WeightsError&) {
  }
  return 0;
}
