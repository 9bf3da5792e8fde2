#pragma once
// Archives of ImageNet's form, with four classes and made-up images.

#include "tar_text.h"
#include "temp_folder.h"

#include <paths.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace imgcls::test {

/// Paths below a folder, and their bytes.
using Tree = std::map<std::string, std::string>;

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Tree tree_of(const std::filesystem::path& folder) {
  Tree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    tree[std::filesystem::relative(entry.path(), folder).string()] = bytes_of(entry.path());
  }
  return tree;
}

inline void write_gzip(const std::filesystem::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

/// The four classes of tests/data/imagenet_reference.py, in its order.
inline const std::vector<std::string> kWnids = {"n01440764", "n01443537", "n02119789", "n02100735"};

inline const std::string kTrainTar = "ILSVRC2012_img_train.tar", kValTar = "ILSVRC2012_img_val.tar",
                         kDevkitTar = "ILSVRC2012_devkit_t12.tar.gz";
inline const std::string kDevkit = "ILSVRC2012_devkit_t12/";

/// A folder with the three archives, and what is to become of them.
class ImageNetArchives {
 public:
  /// So many images for each class, and so many for validation in all. Images are taken in turn
  /// from `images`; where there are none, they are bytes of about `bytes`.
  explicit ImageNetArchives(int per_class = 5, int val = 7, std::size_t bytes = 700,
                            std::vector<std::string> images = {})
      : images_(std::move(images)), bytes_(bytes) {
    make_devkit(val);
    make_val(val);
    make_train(per_class);
  }

  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& bytes) const {
    folder_.write(name, bytes);
  }
  /// dev/..., train/... and val/...; without meta.bin and imagenet.json.
  const Tree& expected() const { return expected_; }

  /// Members of the archives, to make others of.
  std::map<std::string, std::string> train_tars;  ///< by wnid
  std::string devkit_members, val_members;

  static std::string val_name(int number) {
    const std::string digits = std::to_string(number);
    return "ILSVRC2012_val_" + std::string(8 - digits.size(), '0') + digits + ".JPEG";
  }
  /// The class of a validation image: ILSVRC2012_ID from 1 to 4.
  static int val_label(int number) { return 1 + number * 7 / 3 % 4; }

 private:
  std::string next_image() {
    ++made_;
    if (!images_.empty()) return images_[made_ % images_.size()];
    std::string image = "image " + std::to_string(made_) + " ";
    std::uint32_t noise = static_cast<std::uint32_t>(made_) * 2654435761U;
    const std::size_t size = bytes_ / 2 + made_ * 37 % (bytes_ + 1);
    while (image.size() < size) {
      noise = noise * 1664525U + 1013904223U;
      image += static_cast<char>(noise >> 24);
    }
    return image;
  }

  void add_devkit_file(const std::string& name, const std::string& bytes) {
    devkit_members += tar_member(kDevkit + name, bytes);
    expected_["dev/" + kDevkit + name] = bytes;
  }

  void make_devkit(int val) {
    std::string labels;
    for (int i = 1; i <= val; ++i) labels += std::to_string(val_label(i)) + "\n";
    devkit_members = tar_member(kDevkit, "", '5') + tar_member(kDevkit + "data/", "", '5');
    add_devkit_file("readme.txt", "Read me.\n");
    add_devkit_file(
        "data/meta.mat",
        bytes_of(IMGCLS_SOURCE_DIR "/tests/data/imagenet_reference/meta-compressed.mat"));
    add_devkit_file("data/ILSVRC2012_validation_ground_truth.txt", labels);
    write_gzip(folder_ / kDevkitTar, devkit_members + tar_end());
  }

  void make_val(int val) {
    for (int i = 1; i <= val; ++i) {
      const std::string image = next_image();
      const std::string& wnid = kWnids[static_cast<std::size_t>(val_label(i) - 1)];
      val_members += tar_member(val_name(i), image);
      expected_["val/" + wnid + "/" + val_name(i)] = image;
    }
    write(kValTar, val_members + tar_end());
  }

  void make_train(int per_class) {
    std::string train;
    for (const std::string& wnid : kWnids) {
      std::string& tar = train_tars[wnid];
      for (int i = 1; i <= per_class; ++i) {
        const std::string name = wnid + "_" + std::to_string(i * 11) + ".JPEG";
        const std::string image = next_image();
        tar += tar_member(name, image);
        expected_["train/" + wnid + "/" + name] = image;
      }
      tar += tar_end();
      train += tar_member(wnid + ".tar", tar);
    }
    write(kTrainTar, train + tar_end());
  }

  TempFolder folder_;
  Tree expected_;
  std::vector<std::string> images_;
  std::size_t bytes_;
  std::size_t made_ = 0;
};

}  // namespace imgcls::test
