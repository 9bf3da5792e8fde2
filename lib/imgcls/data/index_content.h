#pragma once
// An index in the making: what is written into its file. Internal to imgcls::data.

#include <imgcls/data/index.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace imgcls::data {

/// IndexSample, with memory of its own.
struct SampleRecord {
  std::string name;
  std::uint32_t label = 0, shard = 0;
  std::uint64_t offset = 0, bytes = 0;
  std::int64_t modified = 0;
  std::uint64_t hash = 0;
  std::uint32_t width = 0, height = 0, flags = 0;
  std::vector<std::byte> checkpoints;
};

/// IndexShard, likewise.
struct ShardRecord {
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;
  Digest128 digest{};
};

struct IndexContent {
  IndexKind kind = IndexKind::folder;
  std::vector<std::string> classes;
  std::vector<ShardRecord> shards;
  std::vector<SampleRecord> samples;
  std::vector<std::string> remarks;  ///< Source::remarks; not in the file
};

/// Writes an index in one step: `path` is the old one or the new one at any time. Throws IoError.
void write_index(const std::filesystem::path& path, const IndexContent& content);

}  // namespace imgcls::data
