#pragma once
// What a run is told of its images: where they are, how they are read and normalized.

#include <imgcls/core/option_fields.h>
#include <imgcls/data/loader.h>

#include <array>
#include <string>
#include <vector>

namespace imgcls::train {

/// Mean and standard deviation of the channels red, green, blue, of values in [0, 1]. With one
/// channel, grey, the three are equal.
struct Normalization {
  std::array<double, 3> mean{0.485, 0.456, 0.406};  ///< subtracted
  std::array<double, 3> std{0.229, 0.224, 0.225};   ///< by which the difference is divided
  /// That the network is shown: 3, or 1 for grey, the luma that Pillow's convert("L") and
  /// torchvision's Grayscale(1) make, taken last, of the augmented image.
  int channels = 3;
  /// Of a pixel: 8, or 16 for grey images (data::Image::bits).
  int bits = 8;
};

/// The section `data`. A program that makes its sources itself leaves the first members alone, as
/// far as `classes`: they are for `open_source` (train/compose.h).
struct DataOptions {
  std::string name = {};  ///< what reports call the data set
  /// One of data::formats().
  std::string format = "folder";
  std::string root = {};        ///< the folder that holds the data
  std::string train = "train";  ///< the training images: a folder or a file's name in `root`
  std::string val = "val";      ///< the validation images, named likewise
  /// The folder of the indexes of both; empty: they are looked for beside the images.
  std::string index = {};
  /// The folder that shards are copied to before a run (train/stage.h); empty: they are not.
  std::string stage_dir = {};
  /// Which member of a shard's sample is its image (data::open_shards).
  std::string image_key = {};
  /// The classes' names, where a format's files hold none, or their order.
  std::vector<std::string> classes = {};

  Normalization normalization = {};  ///< `data.mean`, `data.std`, `data.channels`, `data.bits`
  /// An image that cannot be read: stop the run, or skip and count it.
  data::OnError on_error = data::OnError::stop;
  /// Images have any number of classes each (data::Source::label_set), not one.
  bool multi_label = false;
  /// Which training images an epoch has, and how often each.
  data::Sampler sampling = data::Sampler::all;
  int repeats = 1;  ///< times that an epoch has each image that it has, augmented anew each time
  /// Decoding threads of a rank; 0: dist::World::cores.
  int threads = 0;
  /// Batches made ahead.
  int prefetch = 3;
  /// Seconds after which a batch that does not come ends the run.
  double timeout_s = 600;
};

/// How configurations call them.
const OptionFields<DataOptions>& data_fields();

}  // namespace imgcls::train
