#pragma once
// What the tests of data share: temporary folders, made-up images, the reference file.

#include "../support/temp_folder.h"

#include <imgcls/augment/transform.h>
#include <imgcls/core/sha256.h>
#include <imgcls/image/image.h>

#include <fmt/format.h>

#include <paths.h>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace support {

using imgcls::test::TempFolder;

/// Writes `bytes` to `path`, and makes the folders above it.
inline void write(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

/// The image that transforms_reference.py calls make_image.
inline imgcls::data::Image make_image(int width, int height) {
  imgcls::data::Image image{{width, height}, {}};
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        const std::uint32_t noise = (x * 73856093U ^ y * 19349663U ^ c * 83492791U) * 2654435761U;
        image.pixels.push_back(static_cast<std::uint8_t>(x * (c + 1) + 2 * y + (noise >> 26)));
      }
    }
  }
  return image;
}

/// The first 16 digits of the SHA-256, as in the reference file.
inline std::string digest(std::span<const std::uint8_t> pixels) {
  return imgcls::sha256(std::as_bytes(pixels)).substr(0, 16);
}

inline std::vector<std::uint8_t> from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    count += 6;
    if (count >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> (count -= 8)));
  }
  return bytes;
}

/// A part of tests/parity/transforms_reference.json.
inline nlohmann::json reference(const std::string& key) {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/parity/transforms_reference.json");
  return nlohmann::json::parse(file).at(key);
}

inline imgcls::data::Rect to_rect(const nlohmann::json& numbers) {
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

inline std::string to_text(const imgcls::data::Rect& rect) {
  return fmt::format("({}, {}) {} x {}", rect.x, rect.y, rect.width, rect.height);
}

}  // namespace support
