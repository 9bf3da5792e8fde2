#pragma once
// Operations that mix a pixel's channels, as Pillow 13 does. Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// Each pixel blended with its own grey: ImageEnhance.Color of 1 + magnitude.
void color(PixelCanvas& canvas, double magnitude);
/// convert("L"), three times (F.to_grayscale with three channels).
void grayscale(PixelCanvas& canvas, double magnitude);
/// To Pillow's HSV, each 8 bits, and back, with `turn` x 255 added to H (F.adjust_hue). The way
/// there and back changes most pixels a little even where `turn` is 0.
void hue(PixelCanvas& canvas, double turn);

}  // namespace imgcls::data
