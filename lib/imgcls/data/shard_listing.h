#pragma once
// Which samples a folder of WebDataset's tar files holds. Internal to imgcls::data.

#include <imgcls/core/input_file.h>
#include <imgcls/data/index_content.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// Tar files, open, and what their members' names say.
struct ShardListing {
  std::vector<InputFile> files;
  IndexContent content;  ///< names, classes and places; no digests, hashes or sizes in pixels
};

/// Lists the samples of all tar files in `folder` (plain_shards of data/shard_folder.h), in the
/// order of the files' names, then of their members; several tar files at a time, in `threads`
/// threads (0: one for each core). No image is read.
///
/// A sample is what members of one key (data/member_name.h) are of it: an image, which `image_key`
/// tells as open_shards (data/source.h) has it, and its class in .cls or .json
/// (data/shard_labels.h). The members follow each other, but for .cls and .json, which may stand
/// anywhere in the tar file. Classes' names come from the folder's classes.txt, else from the
/// samples. Throws IoError, and DataError naming the tar file and the sample.
ShardListing list_shards(const std::filesystem::path& folder, std::string_view image_key,
                         int threads);
/// The same; nothing once `go_on`, which is asked about ten times a second, says no.
std::optional<ShardListing> list_shards(const std::filesystem::path& folder,
                                        std::string_view image_key, int threads,
                                        const std::function<bool()>& go_on);

}  // namespace imgcls::data
