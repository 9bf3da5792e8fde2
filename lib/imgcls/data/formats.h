#pragma once
// Formats of data sets by name: the table of those that configurations can choose ("data.format").

#include <imgcls/core/registry.h>
#include <imgcls/data/source.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::data {

/// One half of a data set, as a configuration's section "data" asks for it.
struct SourceRequest {
  /// data.root, and data.train or data.val.
  std::filesystem::path root;
  std::string name;  ///< data.train or data.val; of idx the start of two file names
  /// Where that half lies: `root`/`name`, or where it was staged.
  std::filesystem::path folder;
  /// Its index; empty: one beside the images, if there is one.
  std::filesystem::path index = {};
  /// Which of a sample's members is its image (shards): data.image_key.
  std::string image_key = {};
  /// The classes' names, where a format's files hold none (idx), or their order (list):
  /// data.classes.
  std::vector<std::string> classes = {};
  bool multi_label = false;  ///< any number of classes an image: data.multi_label
  /// data.train: of which half the classes are.
  std::string training = {};
};

/// A format as the table has it.
struct FormatEntry {
  std::string name;     ///< what `data.format` calls it
  std::string summary;  ///< a line for help and the schema
  /// A format's options of its own are the keys of the section "data".
  OwnFields own = {};
  /// Opens a half of a data set. Throws DataError or IoError where it is not of this format.
  std::function<std::shared_ptr<const Source>(const SourceRequest&)> open = {};
};

/// The name of the first file of IDX images in a folder, "train-images-idx3-ubyte.gz"; empty: there
/// is none.
std::string find_idx_images(const std::filesystem::path& folder);

/// All that there are: "folder", "shards", "idx", "list". A program adds its own with
/// `formats().add({...})`.
Registry<FormatEntry>& formats();

}  // namespace imgcls::data
