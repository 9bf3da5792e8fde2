#pragma once
// What a data set holds, and what is wrong with it, seen before it is trained on: what `imgcls data
// check` does.

#include <imgcls/image/image.h>
#include <imgcls/prepare/channel_sums.h>
#include <imgcls/prepare/make_index.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace imgcls::data {

/// One half of a data set, or all of it: class folders, or tar files.
struct DataHalf {
  std::string name;              ///< "train"
  std::filesystem::path folder;  ///< of class folders or tar files
};

/// `root`/`train` and `root`/`val`, those that hold folders or tar files; where neither does,
/// `root` itself, without a name. Throws DataError for a root of IDX files.
std::vector<DataHalf> find_halves(const std::filesystem::path& root, const std::string& train,
                                  const std::string& val);

/// What is looked at, and how.
struct DataCheckOptions {
  /// Which of a sample's images is meant, in shards: data.image_key.
  std::string image_key = {};
  /// Threads that read and decode; 0: one for each usable core.
  int threads = 0;
  /// At most so many images are looked at, spread evenly over all; 0: all.
  std::size_t limit = 0;
  /// Of how many broken images, and of how many groups of each kind, there are pictures.
  std::size_t pictures = 48;
  GoOn go_on = [](const WorkStatus&) { return true; };  ///< asked about ten times a second
};

/// An image that is named in a report.
struct NamedImage {
  std::size_t half = 0;            ///< which of DataCheck::halves
  std::size_t sample = 0;          ///< its place in that half's order, broken ones counted
  std::string name, label;         ///< path, or tar file and member; class
  std::vector<std::byte> picture;  ///< a small JPEG file; empty: none was made, or could be
};

/// A file that cannot be read or decoded; its picture is what could be decoded.
struct BrokenFile {
  NamedImage image;    ///< of which it is
  std::string reason;  ///< a sentence that names the file
};

/// Where the images of a group lie; what comes later is worse.
enum class DuplicateSpread { one_class, several_classes, several_halves };

/// Images that decode to the same pixels, two or more.
struct DuplicateGroup {
  DuplicateSpread spread = DuplicateSpread::one_class;  ///< where they lie
  bool same_bytes = true;                               ///< their files are the same, too
  std::vector<NamedImage> images = {};                  ///< in the order of the samples
};

/// A class and its size.
struct ClassSize {
  std::string name;        ///< of the class
  std::size_t images = 0;  ///< broken ones among them
};

/// What a half of a data set holds.
struct HalfContent {
  DataHalf half;                          ///< which one
  std::size_t images = 0;                 ///< broken ones among them
  std::vector<ClassSize> classes = {};    ///< in the order of their numbers
  double median = 0;                      ///< images of a class
  std::vector<std::string> remarks = {};  ///< Source::remarks

  /// Classes of fewer than half or more than twice as many images as the median.
  std::vector<ClassSize> out_of_balance() const;
};

/// What check_data has found.
struct DataCheck {
  bool stopped = false;             ///< by DataCheckOptions::go_on: what is below is not all there
  std::vector<HalfContent> halves;  ///< in the order they were given
  /// Of all halves: those there are, and those looked at (DataCheckOptions::limit).
  std::size_t images = 0, checked = 0;
  std::vector<std::string> unshared_classes;  ///< that only one of two halves has
  std::vector<BrokenFile> broken;             ///< in the order of the samples
  std::vector<DuplicateGroup> duplicates;     ///< in the order of their first images
  std::vector<Size> sizes;                    ///< of the images that can be decoded
  /// Mean and standard deviation of R, G, B of the first half, from 0 to 1 (ChannelSums).
  Channels mean{}, std{};
};

/// Reads and decodes the images of `halves`, whether they have an index or not. Two images are the
/// same where size and XXH3-128 of their pixels are. The result does not depend on the number of
/// threads. Takes about 200 bytes an image, beside a file and its pixels for each thread. Throws
/// IoError, and DataError where a folder is no data set.
DataCheck check_data(const std::vector<DataHalf>& halves, const DataCheckOptions& options);

}  // namespace imgcls::data
