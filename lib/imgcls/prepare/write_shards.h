#pragma once
// A folder of class folders, or of other tar files, into shards: what `imgcls prepare shards` does.

#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/shard_writer.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// How shards are written.
struct WriteShardsOptions {
  ShardLimits limits = {};  ///< when one is full
  /// Threads: of those that read and decode where `folder` must be indexed first, and of those that
  /// write, a shard each. 0: one for each usable core to index, two to write.
  int threads = 0;
  /// Which of a sample's images is meant, in tar files: data.image_key.
  std::string image_key = {};
  /// Told what is done: "unpacking" (of packed tar files), "indexing" (of the folder), "checking"
  /// (shards of an earlier run), "writing".
  std::function<bool(std::string_view what, const WorkStatus&)> go_on =
      [](std::string_view, const WorkStatus&) { return true; };
};

/// What write_shards has done.
struct WriteShardsReport {
  /// Whether it was stopped: whole shards are kept and found again the next time.
  bool stopped = false;
  std::size_t samples = 0, shards = 0;  ///< written, with those that were kept
  std::size_t kept = 0;                 ///< shards of an earlier run that were whole
  std::uint64_t bytes = 0;              ///< of all shards
  std::vector<BrokenImage> broken;      ///< images left out
  std::filesystem::path broken_list;    ///< a text file of them, where there are any
  std::vector<std::string> remarks;     ///< Source::remarks of the folder
};

/// Writes the images of `folder` (data::open_folder) as shards into `out`, in the folder's order,
/// with an index and the classes' names beside them; broken images are left out. Sample i of the
/// shards is sample i of the indexed folder. The shards' bytes depend on the images, their names
/// and the limits alone, and do not change with the number of threads or interruptions.
///
/// Where `folder` holds tar files (data::open_shards), of which some may be packed by gzip, bzip2,
/// xz, zstd, lz4, lzip, lzma or compress, their samples are written in the same way: images and
/// classes, and nothing else. Packed ones are unpacked into `out` first, which takes as much room
/// again while it is worked on.
///
/// The folder's own index is used where it has one and it fits; nothing is written into the folder.
/// Throws IoError (the disk has no room for it: before anything is written), and DataError: an
/// image that changes meanwhile, tar files in `out` that do not belong there.
WriteShardsReport write_shards(const std::filesystem::path& folder,
                               const std::filesystem::path& out, const WriteShardsOptions& options);

}  // namespace imgcls::data
