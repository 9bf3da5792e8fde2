#pragma once
// Sharper and softer. Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// Blended with itself through ImageFilter.SMOOTH: ImageEnhance.Sharpness of 1 + magnitude of
/// Pillow 13. The outermost pixels stay, and so does an image that is narrower or lower than 3.
void sharpness(PixelCanvas& canvas, double magnitude);

}  // namespace imgcls::data
