#pragma once
// Which samples a folder of WebDataset's tar files holds. Internal to imgcls::data.

#include <imgcls/core/input_file.h>
#include <imgcls/data/index_content.h>

#include <filesystem>
#include <vector>

namespace imgcls::data {

/// Tar files, open, and what their members' names say.
struct ShardListing {
  std::vector<InputFile> files;
  IndexContent content;  ///< names, classes and places; no digests, hashes or sizes in pixels
};

/// Whether a folder holds files that end in .tar.
bool holds_shards(const std::filesystem::path& folder);

/// Lists the samples of all *.tar in `folder`, in the order of the files' names, then of their
/// members; several tar files at a time, in `threads` threads (0: one for each core). No image is
/// read.
///
/// A sample is a run of members whose names are the same up to the first dot behind the last slash:
/// an image (.jpg .jpeg .png .ppm .bmp .webp .tif .tiff), and its class as a number in .cls or
/// under "label" in .json, or as a name under "class", "class_name" or "wnid" in .json. Classes'
/// names come from the folder's classes.txt (a line for each), else from .json, else they are the
/// numbers; where there are no numbers, they are in the order of the names. Throws IoError, and
/// DataError naming the tar file and the sample.
ShardListing list_shards(const std::filesystem::path& folder, int threads);

}  // namespace imgcls::data
