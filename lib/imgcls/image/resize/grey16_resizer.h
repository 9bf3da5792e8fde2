#pragma once
// Resizing of grey pixels of 16 bits. Internal to imgcls::data.

#include <imgcls/image/image.h>
#include <imgcls/image/resize/interpolation.h>

#include <cstdint>
#include <span>

namespace imgcls::data {

/// As `resize`, of an image of 16 bits, bilinear or bicubic: the bits of Pillow 13's Image.resize
/// in mode I;16, whose sums are of doubles, rounded to 16 bits between the two passes.
void resize_grey16(const Image& image, Rect region, Size size, Rect window,
                   Interpolation interpolation, std::span<std::uint8_t> output);

}  // namespace imgcls::data
