#pragma once
// OUT/imagenet.json: what `prepare_imagenet` has completed. Internal to imgcls::data.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace imgcls::data {

/// A split that is complete.
struct SplitRecord {
  std::size_t classes = 0, images = 0;
  std::uint64_t bytes = 0;  ///< of the images
  std::string archive_md5;  ///< empty: not compared
  std::size_t shards = 0;   ///< 0: class folders
};

struct ImageNetRecord {
  bool devkit = false;  ///< dev/ and meta.bin
  std::map<std::string, SplitRecord, std::less<>> splits;
};

/// Reads OUT/imagenet.json; an empty record where there is none. Throws DataError where it is
/// broken.
ImageNetRecord read_record(const std::filesystem::path& out);
/// Throws IoError.
void write_record(const std::filesystem::path& out, const ImageNetRecord& record);

/// The number of shards in a folder.
std::size_t count_shards(const std::filesystem::path& folder);

/// Compares the numbers of class folders and images, or of shards, below OUT/SPLIT with the record.
/// Throws DataError where they differ.
void check_split(const std::filesystem::path& out, const std::string& split,
                 const SplitRecord& record);

}  // namespace imgcls::data
