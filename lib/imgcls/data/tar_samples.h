#pragma once
// The samples of one tar file: which members belong together, which is the image, what the class.
// Internal to imgcls::data.

#include <imgcls/core/input_file.h>
#include <imgcls/data/index_content.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/shard_labels.h>

#include <cstddef>
#include <string>
#include <vector>

namespace imgcls::data {

struct TarSample {
  SampleRecord record;
  ShardLabel label;
};

struct TarSamples {
  /// How often something was found, and the members in which it was first.
  struct Found {
    std::string first = {};
    std::size_t count = 0;
  };

  std::vector<TarSample> samples;
  Found several_images;  ///< images beside another, chosen because their name has no further dot
  Found other_images;    ///< images that are their sample's only one, with a further dot
  Found no_image;        ///< samples with a class and no image, which are left out
};

struct TarSamplesOptions {
  /// Of the images, the first that is there; empty: what is_image_name knows.
  std::vector<std::string> image_extensions = {};
  bool wants_names = false;  ///< whether a .json is read for a name where .cls has the number
};

/// Throws IoError, and DataError naming the tar file and the member at fault.
TarSamples find_samples(const InputFile& file, const TarSamplesOptions& options);

}  // namespace imgcls::data
