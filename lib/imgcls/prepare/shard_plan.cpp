#include <imgcls/core/quoted_name.h>
#include <imgcls/core/text.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/tar.h>
#include <imgcls/prepare/shard_plan.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace imgcls::data {
namespace {

std::string path_key(std::string_view path) {
  std::string key(path.substr(0, path.rfind('.')));
  const std::size_t slash = key.rfind('/');
  const auto name = key.begin() + static_cast<std::ptrdiff_t>(slash + 1);
  std::replace(name, key.end(), '.', '_');
  return key;
}

std::string extension_of(std::string_view path) {
  std::string extension = lower_case(path.substr(path.rfind('.') + 1));
  return extension == "jpeg" ? "jpg" : extension;
}

std::string number_key(std::size_t i) {
  return fmt::format("{:09}", i);
}

/// Whether a reader finds the sample under its key.
bool is_usable(const std::string& key) {
  const std::string longest = key + ".json";
  return fits_ustar(longest) && split_member_name(longest) && quote_name(key) == key;
}

}  // namespace

ShardPlan::ShardPlan(const Index& from, const ShardLimits& limits) : from_(from), good_(from) {
  make_keys();
  cut(limits);
}

void ShardPlan::make_keys() {
  std::unordered_set<std::string> taken;
  numbered_.resize(size());
  for (std::size_t i = 0; i < size(); ++i) {
    std::string key = path_key(indexed(i).name);
    // A number stands in no class folder, so that no path's key is one.
    numbered_[i] = !is_usable(key) || !taken.insert(key).second;
  }
  // Keys of tar files may be numbers.
  const bool any = std::find(numbered_.begin(), numbered_.end(), true) != numbered_.end();
  if (any && from_.kind() == IndexKind::shards) numbered_.assign(size(), true);
}

ShardSample ShardPlan::sample(std::size_t i) const {
  const IndexSample from = indexed(i);
  const bool in_tar = from_.kind() == IndexKind::shards;
  return {.key = numbered_[i] ? number_key(i) : path_key(from.name),
          .extension = extension_of(from.name),
          .label = from.label,
          .class_name = from_.classes()[from.label],
          .path = in_tar ? fmt::format("{}/{}", from_.shard(from.shard).name, from.name)
                         : std::string(from.name),
          .bytes = {}};
}

void ShardPlan::cut(const ShardLimits& limits) {
  PlannedShard shard;
  const auto end_shard = [&](std::size_t end) {
    shard.end = end;
    shard.bytes += kShardEnd;
    shard.digest = digest(shard.begin, shard.end);
    shards_.push_back(shard);
    shard = {.begin = end, .end = end, .bytes = 0, .digest = {}};
  };
  for (std::size_t i = 0; i < size(); ++i) {
    const std::uint64_t next = shard_bytes(sample(i), indexed(i).bytes);
    if (is_full(limits, i - shard.begin, shard.bytes, next)) end_shard(i);
    shard.bytes += next;
  }
  if (shard.bytes > 0) end_shard(size());
}

std::string ShardPlan::digest(std::size_t begin, std::size_t end) const {
  Xxh3 hash;
  for (std::size_t i = begin; i < end; ++i) {
    const ShardSample s = sample(i);
    hash.update(fmt::format("{}\n{}\n{}\n{}\n{}\n{:x}\n", s.key, s.extension, s.label, s.class_name,
                            s.path, indexed(i).hash));
  }
  return hex(hash.digest());
}

}  // namespace imgcls::data
