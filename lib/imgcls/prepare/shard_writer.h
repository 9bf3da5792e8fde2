#pragma once
// Writes shards: tar files in WebDataset's layout, the same bytes for the same samples.
//
// A sample is three members: KEY.cls (its class as a number), KEY.EXTENSION (its image file, as it
// is) and KEY.json (the class's name, the number, the path it came from).

#include <imgcls/core/new_file.h>
#include <imgcls/core/xxh3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::data {

/// A sample to be written. What it points to is used during the call only.
struct ShardSample {
  std::string key;         ///< its members' name: no dot behind the last slash or at a part's begin
  std::string extension;   ///< of the image, without a dot: "jpg"
  std::int64_t label = 0;  ///< its class's number
  std::string class_name;  ///< its class's name
  std::string path;        ///< where it came from
  std::span<const std::byte> bytes;  ///< of the image file
};

/// When a shard is full: at so many samples or before so many bytes, whichever comes first; 0: no
/// limit. A sample larger than the limit has a shard of its own.
struct ShardLimits {
  std::size_t samples = 0;              ///< in a shard
  std::uint64_t bytes = 1'000'000'000;  ///< of a shard's file
};

/// What is known of a shard that is whole.
struct ShardFileRecord {
  std::uint64_t bytes = 0;  ///< of the shard's file
  Digest128 digest{};       ///< XXH3's 128 bits of the file
  std::size_t samples = 0;  ///< in it
  std::string plan;         ///< what was to be written, as its maker calls it

  friend bool operator==(const ShardFileRecord&, const ShardFileRecord&) = default;
};

/// "shard-000012.tar".
std::string shard_name(std::size_t number);

/// Bytes that a sample takes in a shard, whose `bytes` may be empty and are taken to be
/// `image_bytes`.
std::uint64_t shard_bytes(const ShardSample& sample, std::uint64_t image_bytes);
/// How far into a sample's bytes in a shard its image begins.
std::uint64_t image_offset(const ShardSample& sample);
/// Bytes of a shard beside its samples.
inline constexpr std::uint64_t kShardEnd = 1024;

/// One shard in the making. It has its name when it is finished: whole and on the disk.
class ShardFile {
 public:
  /// Throws IoError, as all members do.
  explicit ShardFile(const std::filesystem::path& path);

  /// Where in the file the image's bytes lie, and the name of its member.
  struct Member {
    std::string name;          ///< KEY.EXTENSION
    std::uint64_t offset = 0;  ///< of its bytes
  };
  /// Throws DataError where the key or the extension cannot be used.
  Member add(const ShardSample& sample);
  std::uint64_t bytes() const { return written_; }  ///< written so far
  std::size_t samples() const { return samples_; }  ///< added so far

  /// Ends the file, and writes beside it a record, PATH.done, by which an interrupted run knows it
  /// again.
  ShardFileRecord finish(const std::string& plan = {});

 private:
  void put(std::string_view name, std::span<const std::byte> bytes);
  void put_raw(std::span<const std::byte> bytes);
  void flush();

  std::filesystem::path path_;
  NewFile file_;
  Xxh3 digest_;
  std::vector<std::byte> pending_;
  std::uint64_t written_ = 0;
  std::size_t samples_ = 0;
};

/// Writes the record of a finished shard. Throws IoError.
void write_shard_record(const std::filesystem::path& shard, const ShardFileRecord& record);

/// The record of a finished shard whose bytes still have the recorded size and digest; nothing
/// where the shard is missing, or has no record, or another content. Reads the whole file.
std::optional<ShardFileRecord> find_shard(const std::filesystem::path& path);

/// Writes the classes' names beside shards: classes.txt, a line for each (data/class_names.h).
/// Throws IoError.
void write_class_names(const std::filesystem::path& folder, std::span<const std::string> classes);

/// Removes the records of finished shards: they are needed no more where there is an index.
void remove_shard_records(const std::filesystem::path& folder);

/// Writes samples that come one by one into a folder of shards, in their order. Resumable: shards
/// of an earlier run that are whole are kept.
class ShardWriter {
 public:
  /// Creates the folder, and finds what an earlier run left. Throws IoError.
  explicit ShardWriter(std::filesystem::path folder, ShardLimits limits = {});
  ~ShardWriter();

  /// Samples in whole shards of an earlier run with the same samples and limits: `add` is to go on
  /// behind them.
  std::size_t kept() const { return kept_; }
  /// Adds the next sample, in a shard of its own where the last one is full. Throws IoError, and
  /// DataError as ShardFile::add does.
  void add(const ShardSample& sample);
  /// Ends the last shard and writes the classes' names (classes.txt). An index is then made with
  /// make_index(folder), after which remove_shard_records(folder) tidies up.
  void finish(std::span<const std::string> classes);

 private:
  std::filesystem::path next_path() const;

  std::filesystem::path folder_;
  ShardLimits limits_;
  std::size_t kept_ = 0, number_ = 0;
  std::unique_ptr<ShardFile> shard_;
};

/// Whether a shard with so many samples and bytes has no room for another of `next` bytes.
bool is_full(const ShardLimits& limits, std::size_t samples, std::uint64_t bytes,
             std::uint64_t next);

}  // namespace imgcls::data
