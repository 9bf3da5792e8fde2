#pragma once
// Where the images of an archive go: into a folder, into shards.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace imgcls::data {

/// An image of an archive.
struct ArchiveImage {
  std::string wnid;  ///< its class
  std::string name;  ///< "n01440764_10026.JPEG": one name, without a slash
  /// What it belongs to: its class, or a thousand validation images. A group's images come one
  /// after the other, and what must outlive an interruption is kept group by group.
  std::string group;
  std::uint64_t bytes = 0;  ///< of its file
};

/// Takes the images of one split in the archive's order. Whatever ends before `finish`, by a signal
/// or an error, is gone on with by a sink that is made in the same place again.
class ImageSink {
 public:
  virtual ~ImageSink() = default;

  /// Whether the next image is still needed. Asked once for each, before its bytes are read.
  virtual bool wants(const ArchiveImage& image) = 0;
  /// The image that `wants` was asked about last. Throws IoError, also about an image before.
  virtual void add(const ArchiveImage& image, std::vector<std::byte> bytes) = 0;
  /// The group of the last image is complete.
  virtual void end_group() = 0;
  /// Returns when all is on the disk. Throws IoError.
  virtual void finish() = 0;
};

}  // namespace imgcls::data
