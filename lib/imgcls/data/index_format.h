#pragma once
// The layout of an index file (docs/data.md says it in words). Internal to imgcls::data. All
// numbers are little-endian; tables hold the ends of texts and checkpoints, which lie end to end.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace imgcls::data::index_format {

static_assert(std::endian::native == std::endian::little, "indexes are read as they lie in memory");

inline constexpr std::string_view kMagic{"imgclsIX", 8};
/// To be raised whenever what older programs wrote must be made again: also where the checkpoints
/// change.
inline constexpr std::uint32_t kVersion = 1;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t kind;
  std::uint64_t classes, shards, samples;
  std::uint64_t text, checkpoints;  ///< bytes
  std::uint64_t zero;
};
static_assert(sizeof(Header) == 64);

struct ClassRow {
  std::uint64_t text_end;
};

struct ShardRow {
  std::uint64_t text_end, bytes;
  std::int64_t modified;
  std::byte digest[16];
};
static_assert(sizeof(ShardRow) == 40);

struct SampleRow {
  std::uint64_t text_end, checkpoints_end, bytes, hash;
  std::uint64_t place;  ///< offset in its shard; in a folder, the time of its last change
  std::uint32_t label, shard, width, height, flags, zero;
};
static_assert(sizeof(SampleRow) == 64);

/// After the tables: the texts, the checkpoints, and XXH3's 128 bits of all before.
inline constexpr std::size_t kDigestBytes = 16;

}  // namespace imgcls::data::index_format
