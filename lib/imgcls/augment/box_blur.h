#pragma once
// Pillow's Gaussian blur. Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// ImageFilter.GaussianBlur(radius) of Pillow 13 (BoxBlur.c): three box blurs along the rows, then
/// three along the columns, in whole numbers; the pixels at the edge go on outside.
void gaussian_blur_pillow(PixelCanvas& canvas, double radius);

}  // namespace imgcls::data
