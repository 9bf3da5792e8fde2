#pragma once
// Makes the index of a data set, and looks whether it still fits: what `imgcls prepare index` does.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace imgcls::data {

/// How far the work on a data set is.
struct WorkStatus {
  std::size_t done = 0, total = 0;  ///< samples
  std::uint64_t bytes = 0;          ///< read or written so far
};

/// Asked about ten times a second, in the caller's thread; false stops the work. Must not throw.
using GoOn = std::function<bool(const WorkStatus&)>;

/// How an index is made.
struct IndexOptions {
  /// The index; empty: imgcls.index in the folder.
  std::filesystem::path file = {};
  /// Another index of the same samples, if it is there, whose entries may be taken over as well.
  std::filesystem::path known = {};
  /// Which of a sample's images is meant, in shards: data.image_key.
  std::string image_key = {};
  /// Threads that read and decode; 0: one for each usable core.
  int threads = 0;
  GoOn go_on = [](const WorkStatus&) { return true; };  ///< asked about ten times a second
};

/// An image that cannot be read or decoded.
struct BrokenImage {
  std::string name;    ///< its path, or tar file and member
  std::string reason;  ///< a sentence that names the file
};

/// What make_index has done.
struct IndexReport {
  /// Whether it was stopped: what was read is kept in FILE.partial and used the next time.
  bool stopped = false;
  std::filesystem::path file;  ///< the index
  std::size_t samples = 0;     ///< broken ones among them
  std::size_t reused = 0;      ///< taken from an earlier index, unread
  /// By name; marked in the index, so that sources leave them out.
  std::vector<BrokenImage> broken;
  std::filesystem::path broken_list;  ///< a text file of them, where there are any
  std::string note;                   ///< why an earlier index was not used; empty otherwise
  std::vector<std::string> remarks;   ///< Source::remarks
};

/// Indexes `folder`: class folders (data::open_folder), or tar files (data::open_shards). Every
/// image is read and decoded, but for those that the index at hand, or that of a stopped run, has
/// with the same size and time of change (a tar file's samples: with its size and time). Broken
/// images are read again each time. The file written is the same for any number of threads. Throws
/// IoError, and DataError where the folder is not a data set.
IndexReport make_index(const std::filesystem::path& folder, const IndexOptions& options);

/// What check_index has found.
struct CheckReport {
  bool stopped = false;     ///< by IndexOptions::go_on: not all was compared
  std::size_t samples = 0;  ///< compared
  /// One sentence for each: a file that is new, gone, or has other bytes than when it was indexed.
  std::vector<std::string> differences;
};

/// Reads everything again and compares it with the index. Changes nothing. Throws IoError, and
/// DataError where there is no index or a broken one.
CheckReport check_index(const std::filesystem::path& folder, const IndexOptions& options);

}  // namespace imgcls::data
