#pragma once
// An image mixed with what chains of operations make of it: AugMix's pixels (Hendrycks et al.,
// arXiv:1912.02781), in the arithmetic of torchvision 0.29's AugMix.

#include <imgcls/augment/pixel_ops.h>

#include <vector>

namespace imgcls::data {

/// What is mixed. The shares are at least 0 and add up to 1.
struct PixelMix {
  /// What a chain of operations makes of the image.
  struct Part {
    float share = 0;                    ///< 0 to 1
    std::vector<PixelStep> steps = {};  ///< done to the image as it was given
  };
  float own = 1;                 ///< the image's own share
  std::vector<Part> parts = {};  ///< added in this order
};

/// The step that mixes so.
PixelStep mix_step(PixelMix mix);

/// The operation "mix": values times shares, added up in the parts' order, each product and each
/// sum rounded to single precision, and cut to whole numbers at the end. Without settings.mix it
/// changes nothing.
void mix(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);

}  // namespace imgcls::data
