// Fuzzes the reader of indexes: any bytes are an index all of whose parts can be asked for, or a
// DataError. The digest is made right, so that what lies behind it is reached.
#include <imgcls/core/error.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/data/index.h>

#include <algorithm>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace imgcls;
  const auto input = std::as_bytes(std::span(data, size));
  std::vector<std::byte> file(input.begin(), input.end());
  if (file.size() >= 16) {
    const auto body = std::span(file).first(file.size() - 16);
    const Digest128 digest = Xxh3().update(body).digest();
    std::copy(digest.begin(), digest.end(), file.end() - 16);
  }
  try {
    const data::Index index = data::Index::parse(file, "fuzzed");
    std::vector<std::byte> all;  // every byte is touched, for the address sanitizer
    for (std::size_t i = 0; i < index.size(); ++i) {
      const data::IndexSample sample = index.sample(i);
      const auto name = std::as_bytes(std::span(sample.name));
      all.insert(all.end(), name.begin(), name.end());
      all.insert(all.end(), sample.checkpoints.begin(), sample.checkpoints.end());
    }
    for (std::size_t i = 0; i < index.shards(); ++i) {
      const auto name = std::as_bytes(std::span(index.shard(i).name));
      all.insert(all.end(), name.begin(), name.end());
    }
    static_cast<void>(index.fingerprint());
  } catch (const DataError&) {
  }
  return 0;
}
