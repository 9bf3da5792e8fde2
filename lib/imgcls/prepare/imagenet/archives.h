#pragma once
// What the archives of ImageNet (ILSVRC 2012) hold, and how it is named.

#include <imgcls/prepare/archive.h>
#include <imgcls/prepare/imagenet/image_sink.h>
#include <imgcls/prepare/imagenet/meta_bin.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace imgcls::data {

/// Of the training images, one tar a class.
inline constexpr std::string_view kTrainArchive = "ILSVRC2012_img_train.tar";
/// Of the validation images.
inline constexpr std::string_view kValArchive = "ILSVRC2012_img_val.tar";
/// Of the classes' names and the validation images' classes.
inline constexpr std::string_view kDevkitArchive = "ILSVRC2012_devkit_t12.tar.gz";

/// What has been taken out of an archive so far.
struct Unpacked {
  std::size_t images = 0;   ///< handed out so far
  std::uint64_t bytes = 0;  ///< of the images
  bool stopped = false;     ///< before the end
};

/// Asked before each image; false stops the work.
using GoOnUnpacking = std::function<bool(const Unpacked&)>;

/// Hands the images of a training archive to `sink`: a tar of tars, WNID.tar with WNID_*.JPEG.
/// Throws DataError, naming archive and member, for what does not belong there, and where a class
/// of `meta` is missing.
Unpacked unpack_train(ArchiveFile& archive, const ImageNetMeta& meta, ImageSink& sink,
                      const GoOnUnpacking& go_on);

/// The same for a validation archive: a tar of ILSVRC2012_val_00000001.JPEG, ..., whose classes
/// are in `meta`. Throws DataError, too, where an image is missing.
Unpacked unpack_val(ArchiveFile& archive, const ImageNetMeta& meta, ImageSink& sink,
                    const GoOnUnpacking& go_on);

/// The folder in a devkit's archive.
inline constexpr std::string_view kDevkitName = "ILSVRC2012_devkit_t12";

/// Unpacks a devkit's archive (tar.gz) into `folder`, which then holds kDevkitName. Throws
/// DataError for a member outside of that, and beyond 256 MiB.
void unpack_devkit(ArchiveFile& archive, const std::filesystem::path& folder);

}  // namespace imgcls::data
