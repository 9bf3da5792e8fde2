#pragma once
// What a list of images says, read and checked. Internal to imgcls::data.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// An image of a list.
struct ListedImage {
  std::string path;                  ///< as the list has it, relative to its folder
  std::vector<std::string> classes;  ///< their names, without doubles
  std::size_t line = 0;              ///< where it stands, from 1
};

/// The images that a list names, in its order, as open_list (data/source.h) says. No file but the
/// list is looked at. Throws DataError naming file and line, IoError.
std::vector<ListedImage> read_list(const std::filesystem::path& list);

/// The same of a list's text. `file` is what messages call it; `is_json`: an object of lists of
/// names, by paths, else a line an image. Throws DataError.
std::vector<ListedImage> parse_list(const std::string& text, const std::string& file, bool is_json);

/// The classes that images have, sorted by byte order.
std::vector<std::string> classes_of(std::span<const ListedImage> images);

}  // namespace imgcls::data
