#pragma once
// `meta.bin`, the file in which torchvision's ImageNet keeps the names of classes and the labels of
// the validation images: `torch.save((wnid_to_classes, val_wnids))`.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// A class of ImageNet.
struct ImageNetClass {
  std::string wnid;                ///< its number in WordNet, the name of its folder: "n01440764"
  std::vector<std::string> names;  ///< "tench", "Tinca tinca"

  friend bool operator==(const ImageNetClass&, const ImageNetClass&) = default;
};

/// What the devkit says about classes and validation images.
struct ImageNetMeta {
  std::vector<ImageNetClass> classes;  ///< in the devkit's order; as labels, sorted by wnid
  std::vector<std::string> val_wnids;  ///< the class of ILSVRC2012_val_00000001.JPEG, ...

  friend bool operator==(const ImageNetMeta&, const ImageNetMeta&) = default;
};

/// Whether it has a wnid's form: an n and 8 digits.
bool is_wnid(std::string_view text);

/// Reads a meta.bin; runs nothing of it. Throws DataError, whose message begins with `name`, where
/// the file is broken, holds something else, or a validation image's class is not among the
/// classes.
ImageNetMeta read_meta_bin(std::span<const std::byte> file, std::string_view name);

/// The bytes of a meta.bin, which `torch.load(path, weights_only=True)` reads.
std::vector<std::byte> write_meta_bin(const ImageNetMeta& meta);

}  // namespace imgcls::data
