#pragma once
// Affine transforms of an image, with the bits of Pillow 13's Image.transform (Geometry.c).
// Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

#include <array>

namespace imgcls::data {

/// From a place in the output to the place in the source: x' = m[0] x + m[1] y + m[2],
/// y' = m[3] x + m[4] y + m[5], in pixels; a pixel's centre lies half a pixel from its corner.
using AffineMatrix = std::array<double, 6>;

/// Replaces the image by what `matrix` makes of it, in the same size.
///
/// Nearest: without shear or rotation the place is summed up in double precision from pixel to
/// pixel; else in 16.16 fixed point; and again in double precision for images with a corner that
/// comes from 32,768 or more pixels away. Bilinear and bicubic: double precision, cut to whole
/// numbers.
void transform_affine(PixelCanvas& canvas, const AffineMatrix& matrix,
                      const PixelSettings& settings);

}  // namespace imgcls::data
