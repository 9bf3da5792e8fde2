#include <imgcls/core/error.h>
#include <imgcls/prepare/known_samples.h>

#include <system_error>

namespace imgcls::data {
namespace {

// No name holds a zero byte.
std::string key_of(std::string_view shard, std::string_view name) {
  std::string key(shard);
  key += '\0';
  key += name;
  return key;
}

}  // namespace

void KnownSamples::add(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  try {
    indexes_.push_back(Index::read(path));
  } catch (const DataError& e) {
    note_ = e.what();
    return;
  }
  const Index& index = indexes_.back();
  for (std::size_t i = 0; i < index.shards(); ++i) {
    const IndexShard shard = index.shard(i);
    if (shard.digest != Digest128{}) shards_.insert_or_assign(std::string(shard.name), shard);
  }
  for (std::size_t i = 0; i < index.size(); ++i) {
    const IndexSample sample = index.sample(i);
    if (sample.corrupt()) continue;
    const bool folder = index.kind() == IndexKind::folder;
    const auto shard = folder ? std::string_view{} : index.shard(sample.shard).name;
    places_.insert_or_assign(key_of(shard, sample.name), Place{&index, i});
  }
}

std::optional<Digest128> KnownSamples::digest(const ShardRecord& shard) const {
  const auto found = shards_.find(shard.name);
  if (found == shards_.end() || found->second.bytes != shard.bytes ||
      found->second.modified != shard.modified) {
    return std::nullopt;
  }
  return found->second.digest;
}

bool KnownSamples::fill_in(const IndexContent& content, SampleRecord& sample,
                           const FileState& state) const {
  const bool folder = content.kind == IndexKind::folder;
  const auto found = places_.find(
      key_of(folder ? std::string_view{} : content.shards[sample.shard].name, sample.name));
  if (found == places_.end()) return false;
  const Index& index = *found->second.index;
  const IndexSample known = index.sample(found->second.number);
  if (folder) {
    if (FileState{known.bytes, known.modified} != state) return false;
  } else {
    const IndexShard shard = index.shard(known.shard);
    if (FileState{shard.bytes, shard.modified} != state) return false;
    if (known.offset != sample.offset || known.bytes != sample.bytes) return false;
  }
  sample.bytes = known.bytes;
  sample.modified = known.modified;
  sample.hash = known.hash;
  sample.width = known.width;
  sample.height = known.height;
  sample.flags = known.flags;
  sample.checkpoints.assign(known.checkpoints.begin(), known.checkpoints.end());
  return true;
}

}  // namespace imgcls::data
