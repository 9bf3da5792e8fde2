#pragma once
// A data set as the loader sees it: numbered samples, each with a class and an image. Derive from
// `Source` to train on images of your own (examples/020-own-dataset.cpp).

#include <imgcls/image/image.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace imgcls::data {

/// What a source hands out for a sample: the bytes of an image file (JPEG, PNG, ...), which the
/// loader decodes, or pixels.
using Sample = std::variant<std::vector<std::byte>, Image>;

/// Where a data set lies, as the keys data.format, data.root and data.train or data.val of a
/// configuration have it.
struct Origin {
  /// "folder", "shards", "idx" or "list"; empty: a configuration cannot say
  std::string format = {};
  /// The folder; idx: the files' path up to "-images-idx3-ubyte"; list: the list.
  std::filesystem::path path = {};
  std::string image_key = {};  ///< shards: data.image_key
};

/// A data set of `size()` samples. All members are const and must be safe to call from several
/// threads at once: the loader's threads share one source.
class Source {
 public:
  virtual ~Source() = default;

  /// Number of samples.
  virtual std::size_t size() const = 0;
  /// The class of sample `index`, from 0 to `classes().size() - 1`. Of a multi-label data set it
  /// says nothing, and nobody asks it.
  virtual std::int64_t label(std::size_t index) const = 0;
  /// The classes of sample `index` of a multi-label data set, whose images have any number of them
  /// each: ascending, without doubles. Nothing: each image has the one class that `label` says.
  virtual std::optional<std::vector<std::int64_t>> label_set(std::size_t /*index*/) const {
    return std::nullopt;
  }
  /// Sample `index`. Throws DataError or IoError when it cannot be read.
  virtual Sample read(std::size_t index) const = 0;
  /// What messages call sample `index`: its path, or the file and its number in it.
  virtual std::string name(std::size_t index) const = 0;
  /// Class names, in the order of their numbers.
  virtual const std::vector<std::string>& classes() const = 0;
  /// A digest of what the data set holds; a resumed run checks that it has not changed.
  virtual std::string fingerprint() const = 0;

  /// Where a decoder may start in the sample's JPEG (image/jpeg/checkpoints.h); empty without an
  /// index, and for other files. Lives as long as the source.
  virtual std::span<const std::byte> checkpoints(std::size_t /*index*/) const { return {}; }
  /// For the record of a run that was made without a configuration.
  virtual Origin origin() const { return {}; }
  /// What a person should know of the data, though it can be used: a sentence each, which names the
  /// file or the folder.
  virtual std::vector<std::string> remarks() const { return {}; }
  /// Sample `index` will be read soon: a source may have the system fetch it meanwhile. Must not
  /// throw.
  virtual void will_need(std::size_t /*index*/) const {}
};

/// Whether its images have any number of classes each (Source::label_set).
bool is_multi_label(const Source& source);

/// Sample `index` of `source` as pixels. Throws DataError when it cannot be read or decoded.
Image read_image(const Source& source, std::size_t index);

/// A folder with a subfolder for each class, classes sorted by name (byte order), samples sorted by
/// folder, then by name within a class: torchvision's ImageFolder. Folders may be nested, and
/// links. Files end in .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp in upper or lower case. A
/// folder whose name begins with a dot is a class, too, with a remark, unless it holds no image.
/// The fingerprint covers paths and sizes, not the files' bytes. Throws DataError when the folder
/// is missing, holds no class, or when a class folder holds no image, or a link to a folder above
/// it.
///
/// With an index (prepare/make_index.h), `root`/imgcls.index or `index`, no file is looked at
/// before it is read: broken images are left out, the fingerprint covers the files' bytes, and
/// there are checkpoints. Throws DataError when the index is broken or the class folders are not
/// those it names; `read` throws it when a file has another size than in the index.
std::unique_ptr<Source> open_folder(const std::filesystem::path& root,
                                    const std::filesystem::path& index = {});

/// A folder of tar files in WebDataset's layout (docs/data.md), in the order of their names. A
/// sample is read with one pread; the files stay open. With an index (`folder`/imgcls.index or
/// `index`) as open_folder has it; without one, the tar files' headers are read, and the
/// fingerprint covers names and sizes.
///
/// `image_key` says which of a sample's members is its image: what follows its key and a dot in the
/// member's name ("png", "left.jpg"), or several such with semicolons between them, of which the
/// first that is there is taken. Empty: the one image that a sample has; where it has several, that
/// without a further dot.
///
/// Throws DataError when a tar file is broken, packed, or has another size than in the index, when
/// a sample has no class, or no image or several to choose from, and when the index is of other
/// images than `image_key` asks for; IoError when a file cannot be opened or is cut off while it is
/// read.
std::unique_ptr<Source> open_shards(const std::filesystem::path& folder,
                                    const std::filesystem::path& index = {},
                                    std::string_view image_key = {});

/// A pair of IDX files (MNIST's format, plain or gzip): uint8 images of count x height x width,
/// grey or, with a fourth dimension of 3, RGB; and uint8 labels. Class names are the numbers 0
/// to 9 where `class_names` is empty. Throws DataError when a header, a size or a label is wrong.
std::unique_ptr<Source> open_idx(const std::filesystem::path& images,
                                 const std::filesystem::path& labels,
                                 std::vector<std::string> class_names = {});

/// What a list of images (docs/data.md, Lists) is taken for.
struct ListOptions {
  /// Images have any number of classes each; else exactly one.
  bool multi_label = false;
  /// The classes in the order of their numbers; empty: those of `training`, sorted (byte order).
  std::vector<std::string> classes = {};
  /// The list of the training images; empty: this list is that.
  std::filesystem::path training = {};
};

/// Images that a list names, with their classes: JSON (.json), an object of paths with lists of
/// names; or text, a line an image with its path and its classes' names, tabs or commas between
/// them. Paths are relative to the list's folder. Samples have the list's order, JSON's that of
/// their paths (byte order). The fingerprint covers classes, paths, sizes and labels, not the
/// images' bytes. Throws DataError naming file and line: for broken JSON, a path that comes twice,
/// is no image's or leads to no file, a class that is none of `classes`, not one class without
/// `multi_label`; and for an empty list. IoError where it cannot be read.
std::unique_ptr<Source> open_list(const std::filesystem::path& list,
                                  const ListOptions& options = {});

}  // namespace imgcls::data
