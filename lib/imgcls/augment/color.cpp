#include <imgcls/augment/color.h>
#include <imgcls/augment/pixel_kernels.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace imgcls::data {
namespace {

using Pixel = std::array<std::uint8_t, 3>;

std::uint8_t byte_of(double value) {
  return static_cast<std::uint8_t>(std::clamp(static_cast<int>(value), 0, 255));
}

// C's round() of what is not negative, without a call.
std::uint8_t rounded(double value) {
  const int whole = static_cast<int>(value);
  return byte_of(value - whole >= 0.5 ? whole + 1 : whole);
}

// Single precision with double precision in between, where Pillow's C has it.
Pixel to_hsv(Pixel rgb) {
  const auto [red, green, blue] = rgb;
  const std::uint8_t most = std::max({red, green, blue}), least = std::min({red, green, blue});
  if (most == least) return {0, 0, most};
  const auto range = static_cast<float>(most - least);
  const float saturation = range / static_cast<float>(most);
  const float r = static_cast<float>(most - red) / range;
  const float g = static_cast<float>(most - green) / range;
  const float b = static_cast<float>(most - blue) / range;
  float turn = 0;
  if (red == most) {
    turn = b - g;
  } else if (green == most) {
    turn = static_cast<float>(2.0 + r - b);
  } else {
    turn = static_cast<float>(4.0 + g - r);
  }
  const double turns = turn / 6.0 + 1.0;  // 5/6 to 11/6; of that the fraction, without fmod
  turn = static_cast<float>(turns >= 1.0 ? turns - 1.0 : turns);
  return {byte_of(turn * 255.0), byte_of(saturation * 255.0), most};
}

Pixel to_rgb(Pixel hsv) {
  const auto [h, s, v] = hsv;
  if (s == 0) return {v, v, v};
  const double sixths = static_cast<float>(h) * 6.0 / 255.0;
  const int sector = static_cast<int>(sixths);
  const auto part = static_cast<float>(sixths - static_cast<float>(sector));
  const auto saturation = static_cast<float>(static_cast<float>(s) / 255.0);
  const auto value = static_cast<float>(v);
  // No std::fma and no reordering: -ffp-contract=off for this file.
  const std::uint8_t p = rounded(value * (1.0 - saturation));
  const std::uint8_t q = rounded(value * (1.0 - saturation * part));
  const std::uint8_t t = rounded(value * (1.0 - saturation * (1.0 - part)));
  switch (sector % 6) {
    case 0:
      return {v, t, p};
    case 1:
      return {q, v, p};
    case 2:
      return {p, v, t};
    case 3:
      return {p, q, v};
    case 4:
      return {t, p, v};
    default:
      return {v, p, q};
  }
}

}  // namespace

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
  auto* pixel = reinterpret_cast<Pixel*>(canvas.pixels().data());
  for (std::size_t left = canvas.pixels().size() / 3; left > 0; --left, ++pixel) {
    Pixel hsv = to_hsv(*pixel);
    hsv[0] = static_cast<std::uint8_t>(hsv[0] + shift);
    *pixel = to_rgb(hsv);
  }
}

}  // namespace imgcls::data
