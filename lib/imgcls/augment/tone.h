#pragma once
// Operations that change values by themselves, channel by channel: blends with one value, lookup
// tables. They follow Pillow 13's ImageEnhance and ImageOps. Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// Blended with black: ImageEnhance.Brightness of 1 + magnitude.
void brightness(PixelCanvas& canvas, double magnitude);
/// Blended with the rounded mean of the image's grey: ImageEnhance.Contrast of 1 + magnitude.
void contrast(PixelCanvas& canvas, double magnitude);
/// The upper bits, 0 to 8 of them; the magnitude's fraction is cut off.
void posterize(PixelCanvas& canvas, double bits);
/// Values that are not below the threshold are inverted.
void solarize(PixelCanvas& canvas, double threshold);
/// Values below 128 are raised, to 255 at most: timm's solarize_add, a whole number of it.
void solarize_add(PixelCanvas& canvas, double raise);
/// Each channel is stretched so that it begins at 0 and ends at 255.
void autocontrast(PixelCanvas& canvas, double magnitude);
/// Each channel's histogram is made even.
void equalize(PixelCanvas& canvas, double magnitude);
void invert(PixelCanvas& canvas, double magnitude);

}  // namespace imgcls::data
