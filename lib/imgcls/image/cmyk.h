#pragma once
// Printers' inks to light, by Pillow's formula. Internal to imgcls::data.

#include <algorithm>
#include <cstdint>

namespace imgcls::data {

/// What is left of `light` (255 less the black ink) under that much of another ink: red under cyan,
/// green under magenta, blue under yellow.
inline std::uint8_t under_ink(int light, int ink) {
  const int product = ink * light + 128;  // ink * light / 255, rounded
  return static_cast<std::uint8_t>(std::max(0, light - (((product >> 8) + product) >> 8)));
}

}  // namespace imgcls::data
