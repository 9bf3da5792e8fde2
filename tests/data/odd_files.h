#pragma once
// Odd image files (tests/data/odd/, made by make_odd_files.py), and what Pillow reads from each.

#include <imgcls/core/file.h>
#include <imgcls/image/image.h>

#include <paths.h>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace support {

/// One of them.
struct OddFile {
  std::string name;
  std::vector<std::byte> bytes;
  imgcls::data::Size size;  ///< as Pillow reads it; 0 x 0 for a file that is to be refused
  std::string pixels;       ///< the SHA-256 of the RGB pixels that Pillow reads
  std::string refused;  ///< a part of the message that refuses it; empty for a file that is read
};

/// All of them, in the order in which the script makes them.
inline std::vector<OddFile> odd_files() {
  const std::string folder = IMGCLS_SOURCE_DIR "/tests/data/odd/";
  std::ifstream list(folder + "odd.json");
  std::vector<OddFile> files;
  for (const auto& entry : nlohmann::json::parse(list)) {
    OddFile file;
    file.name = entry.at("name");
    file.bytes = imgcls::read_file(folder + file.name);
    if (entry.contains("refused")) {
      file.refused = entry["refused"];
    } else {
      file.size = {entry.at("size")[0], entry.at("size")[1]};
      file.pixels = entry.at("pixels");
    }
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace support
