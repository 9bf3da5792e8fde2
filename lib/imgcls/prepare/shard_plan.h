#pragma once
// Which sample of a folder goes into which shard, under which name. Internal to imgcls::data.

#include <imgcls/data/index.h>
#include <imgcls/prepare/shard_writer.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace imgcls::data {

/// A shard to be written.
struct PlannedShard {
  std::size_t begin = 0, end = 0;  ///< of its samples
  std::uint64_t bytes = 0;         ///< it will have
  std::string digest;              ///< of its samples, limits and names: the plan's name
};

class ShardPlan {
 public:
  /// For the samples of an index that are not corrupt. Keeps it by reference.
  ShardPlan(const Index& from, const ShardLimits& limits);

  std::size_t size() const { return good_.size(); }
  /// Sample i, without its bytes. The key is its path without the extension, dots in the file's
  /// name replaced by _; its number where that is taken, too long for a tar file, not plain text,
  /// or what readers pass over (samples of tar files: then all have their numbers). The extension
  /// is the file's, in lower case, jpg for jpeg.
  ShardSample sample(std::size_t i) const;
  IndexSample indexed(std::size_t i) const { return from_.sample(good_[i]); }
  const std::vector<std::string>& classes() const { return from_.classes(); }
  const std::vector<PlannedShard>& shards() const { return shards_; }

 private:
  void make_keys();
  void cut(const ShardLimits& limits);
  std::string digest(std::size_t begin, std::size_t end) const;

  const Index& from_;
  GoodSamples good_;
  std::vector<bool> numbered_;  // whose key is its number
  std::vector<PlannedShard> shards_;
};

}  // namespace imgcls::data
