#pragma once
// ImageNet (ILSVRC 2012) from its archives: what `imgcls prepare imagenet` does.

#include <imgcls/prepare/imagenet/sums.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {
class Log;
}

namespace imgcls::data {

/// What is made, from where and how.
struct PrepareImageNetOptions {
  std::filesystem::path archives;                   ///< the folder that holds the archives
  std::filesystem::path out;                        ///< made if absent
  std::vector<std::string> splits{"val", "train"};  ///< in the order in which they are made
  bool shards = false;                              ///< not folders
  bool verify = true;                               ///< compare the archives' MD5 with `sums`
  Md5Sums sums = official_imagenet_sums();          ///< MD5 of each archive, by its name
  int threads = 4;                                  ///< that write
};

/// How far the unpacking of a split is.
struct PrepareImageNetStatus {
  std::string_view split;             ///< "train" or "val"
  std::size_t images = 0;             ///< unpacked so far
  std::uint64_t read = 0, total = 0;  ///< bytes of the archive
};

/// Asked about ten times a second, in the caller's thread; false stops the work. Must not throw.
using GoOnPreparing = std::function<bool(const PrepareImageNetStatus&)>;

/// How it ended: made to its end, or there already, or stopped by `go_on`.
enum class PrepareImageNetEnd { complete, was_complete, stopped };

/// Makes OUT/{dev/ILSVRC2012_devkit_t12, meta.bin, train/n*/*.JPEG, val/n*/*.JPEG}, the layout of
/// torchvision's ImageNet, from the archives of the splits asked for and the devkit's.
///
/// With `shards`, train/ and val/ hold shards (prepare/shard_writer.h) with the images in the
/// archives' order, still without an index (make_index).
///
/// A split is made in OUT/.unfinished and gets its name when it is whole and its archive's MD5,
/// taken on the way, is right. After an interruption (also by SIGKILL or a power cut) the next call
/// goes on. OUT/imagenet.json says what is complete; that is not made again and needs no archive.
///
/// Throws ConfigError (an archive without a sum), IoError (no archive, no room on the disk: before
/// anything is written), and DataError: an archive that is not what it should be, OUT/train that
/// something else has made, or that has the other form, another process at work in OUT.
PrepareImageNetEnd prepare_imagenet(const PrepareImageNetOptions& options, const Log& log,
                                    const GoOnPreparing& go_on);

}  // namespace imgcls::data
