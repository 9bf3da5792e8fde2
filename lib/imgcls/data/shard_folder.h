#pragma once
// Which tar files a folder holds, plain and packed. Internal to imgcls::data.

#include <filesystem>
#include <vector>

namespace imgcls::data {

/// Sorted by name. Files and folders whose names begin with a dot, such as the "._a.tar" that macOS
/// writes beside a.tar, are passed over.
struct ShardFolder {
  std::vector<std::filesystem::path> plain;   ///< *.tar, in upper or lower case
  std::vector<std::filesystem::path> packed;  ///< *.tar.gz, *.tgz and so on
  std::filesystem::path below;                ///< a tar file in a subfolder; empty: there is none
};

/// Looks into `folder`, and into its subfolders until the first tar file there. Throws IoError.
ShardFolder look_for_shards(const std::filesystem::path& folder);

/// Throws DataError about the tar file in a subfolder of `folder`.
[[noreturn]] void refuse_below(const std::filesystem::path& folder, const ShardFolder& found);

/// Whether a folder is one of shards: itself holds a plain tar file, or packed ones and no folder
/// (as beside the class folders that were in it). Throws IoError.
bool holds_shards(const std::filesystem::path& folder);

/// The folder's tar files, to be read where they are. Throws DataError where there is none, and
/// where it holds packed ones or some in subfolders, which would be left out: it names them and
/// what helps.
std::vector<std::filesystem::path> plain_shards(const std::filesystem::path& folder);

}  // namespace imgcls::data
