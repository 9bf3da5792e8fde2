#pragma once
// Which files a folder of class folders holds, in torchvision's order. Internal to imgcls::data.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// The files' paths lie end to end in one string: a million of them in 40 MB.
struct FolderFiles {
  std::vector<std::string> classes;
  std::string paths;              ///< relative to the root
  std::vector<std::size_t> ends;  ///< of each file's path in `paths`
  std::vector<std::int32_t> labels;
  std::vector<std::string> remarks;  ///< Source::remarks

  std::size_t size() const { return labels.size(); }
  std::string_view path(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends[index - 1];
    return std::string_view(paths).substr(begin, ends.at(index) - begin);
  }
};

/// Whether a file's name ends as an image's does: .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp,
/// in upper or lower case: torchvision's.
bool is_image_name(std::string_view name);

/// The one of the folders `above` that `folder` is: where a link to it would lead in a circle.
/// Null: none.
const std::filesystem::path* find_same(const std::filesystem::path& folder,
                                       std::span<const std::filesystem::path> above);

/// Lists a folder as `open_folder` (data/source.h) describes. Throws DataError and IoError.
FolderFiles list_folder(const std::filesystem::path& root);
/// The same; nothing once `go_on`, which is asked before each class, says no.
std::optional<FolderFiles> list_folder(const std::filesystem::path& root,
                                       const std::function<bool()>& go_on);

/// The classes alone.
struct ClassFolders {
  std::vector<std::string> names;    ///< sorted
  std::vector<std::string> remarks;  ///< about those that begin with a dot
};

/// The folder's subfolders. One whose name begins with a dot is a class, as it is for torchvision,
/// unless it holds no image. Throws likewise.
ClassFolders list_classes(const std::filesystem::path& root);

}  // namespace imgcls::data
