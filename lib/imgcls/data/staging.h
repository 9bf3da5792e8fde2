#pragma once
// Copies shards to a local disk before a run: several processes of a machine take a part each.

#include <imgcls/core/input_file.h>
#include <imgcls/core/new_file.h>
#include <imgcls/data/index.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace imgcls::data {

/// The staging of one folder of shards, as one process of a machine does it. Work is done in turns
/// of a limited time, so that the processes can look after each other in between.
class Staging {
 public:
  /// To copy the indexed shards of `from` into a folder of `stage_dir` that is called after their
  /// fingerprint; this process takes every `parts`-th shard from number `part` on. Throws DataError
  /// where `from` has no index, and IoError where the disk has no room for what is missing, for all
  /// parts together.
  Staging(const std::filesystem::path& from, const std::filesystem::path& stage_dir, int part,
          int parts);
  ~Staging();

  /// Works for about `time`; whether this part is done. A shard that is there with its size and
  /// digest is kept; others are copied under another name, compared with the digest in the index,
  /// flushed and renamed. Part 0 then copies the index. Throws IoError, and DataError where a shard
  /// is not what the index says.
  bool work(std::chrono::milliseconds time);

  /// Bytes of this part, and how many of them have been copied or found there.
  std::uint64_t total() const { return total_; }
  std::uint64_t done() const { return done_; }  ///< of `total`
  /// Where the shards are when all parts are done.
  const std::filesystem::path& folder() const { return to_; }

 private:
  struct Pass;
  void check_space() const;
  void begin();
  void go_on();
  void finish_pass();
  void copy_index() const;

  std::filesystem::path from_, to_;
  Index index_;
  bool first_;
  std::vector<std::size_t> shards_;  // of this part
  std::size_t at_ = 0;               // in it
  std::unique_ptr<Pass> pass_;       // over the shard at hand; none between shards
  bool copy_ = false;                // the shard at hand is to be copied, not looked at
  bool indexed_ = false;
  std::uint64_t total_ = 0, done_ = 0;
};

}  // namespace imgcls::data
