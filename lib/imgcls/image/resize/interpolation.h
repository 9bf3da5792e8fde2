#pragma once
// Part of an image in another size, and the ways of interpolating between its pixels.

#include <imgcls/image/image.h>

#include <cstdint>
#include <span>

namespace imgcls::data {

/// How pixels are interpolated when an image changes size.
enum class Interpolation {
  /// Bilinear with antialias: the filter widens when shrinking. The bits are Pillow 13's, which
  /// resizes down before across where the height shrinks by more than twice as many pixels as the
  /// width. Older versions always go across first, which changes some values by 1.
  bilinear,
  /// The same with Pillow's bicubic filter, of twice the width.
  bicubic,
  /// Bilinear of the four nearest pixels, as OpenCV's INTER_LINEAR and DALI's antialias=False.
  bilinear_no_antialias,
};

/// Resizes `region` of `image` to `size` and keeps `window` of that, neither of which may reach
/// outside. Bilinear and bicubic give the bits of Pillow's Image.crop(region).resize(size, BILINEAR
/// or BICUBIC), of an image of 16 bits in mode I;16; that one is not resized without antialias.
void resize(const Image& image, Rect region, Size size, Rect window, Interpolation interpolation,
            std::span<std::uint8_t> output);

}  // namespace imgcls::data
