#include <imgcls/augment/color.h>
#include <imgcls/augment/pixel_kernels.h>

#include <cstdint>

namespace imgcls::data {
void color(PixelCanvas& canvas, double magnitude) {
  const auto pixels = canvas.pixels();
  pixel_kernels(best_instruction_set())
      .blend_grey(pixels.data(), pixels.size() / 3, static_cast<float>(1.0 + magnitude));
}

void grayscale(PixelCanvas& canvas, double /*magnitude*/) {
  const auto pixels = canvas.pixels();
  pixel_kernels(best_instruction_set()).to_grey(pixels.data(), pixels.size() / 3);
}

void hue(PixelCanvas& canvas, double turn) {
  const auto shift = static_cast<std::uint8_t>(static_cast<std::int32_t>(turn * 255));
  const auto pixels = canvas.pixels();
  pixel_kernels(best_instruction_set()).turn_hue(pixels.data(), pixels.size() / 3, shift);
}

}  // namespace imgcls::data
