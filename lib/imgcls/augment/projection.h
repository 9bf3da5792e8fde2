#pragma once
// Projective transforms of an image, with the bits of Pillow 13's Image.transform (Geometry.c).
// Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

#include <array>

namespace imgcls::data {

/// From a place in the output to the place in the source, in pixels: as AffineMatrix, with both
/// coordinates divided by m[6] x + m[7] y + 1.
using ProjectiveMatrix = std::array<double, 8>;

/// Replaces the image by what `matrix` makes of it, in the same size: in double precision, cut to
/// whole numbers. Where m[6] and m[7] are 0, that is Pillow's affine transform but for
/// Sampling::nearest, which has other arithmetic there (affine.h).
void transform_projective(PixelCanvas& canvas, const ProjectiveMatrix& matrix,
                          const PixelSettings& settings);

}  // namespace imgcls::data
