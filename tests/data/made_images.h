#pragma once
// The images that pixel_ops_reference.py makes, and what it wrote.

#include "support.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace support {

/// One value of the image `kind`, as the script's `pixels` has it.
inline std::uint32_t made_value(const std::string& kind, std::uint32_t x, std::uint32_t y,
                                std::uint32_t c, std::uint32_t width) {
  const std::uint32_t noise = (x * 73856093U ^ y * 19349663U ^ c * 83492791U) * 2654435761U;
  if (kind == "noise") return noise >> 24;
  if (kind == "smooth") return x * (c + 1) + 2 * y + (noise >> 26);
  if (kind == "black") return 0;
  if (kind == "grey") return 77;
  if (kind == "white") return 255;
  if (kind == "checkers") return (x + y) % 2 * 255;
  if (kind == "ramp") return x * 255 / std::max(1U, width - 1);
  if (kind == "dull") return 100 + 20 * c + (noise >> 24) % (5 + 3 * c);
  if (kind == "green") return c == 1 ? noise >> 24 : 0;
  if (kind == "two") return (noise >> 31) * 255;
  if (kind == "ends") return std::array<std::uint32_t, 4>{0, 1, 254, 255}[noise >> 30];
  if (kind == "strip") return x < width / 2 ? 3 : 250 - c;
  throw std::runtime_error("no image " + kind);
}

/// The image [kind, width, height].
inline imgcls::data::Image made_image(const nlohmann::json& spec) {
  const std::string kind = spec.at(0);
  const std::uint32_t width = spec.at(1), height = spec.at(2);
  imgcls::data::Image image{{static_cast<int>(width), static_cast<int>(height)}, {}};
  image.pixels.reserve(std::size_t{3} * width * height);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        image.pixels.push_back(static_cast<std::uint8_t>(made_value(kind, x, y, c, width)));
      }
    }
  }
  return image;
}

/// A part of pixel_ops_reference.json.
inline nlohmann::json pixel_reference(const std::string& key) {
  std::ifstream file(IMGCLS_SOURCE_DIR "/tests/data/pixel_ops_reference.json");
  return nlohmann::json::parse(file).at(key);
}

}  // namespace support
