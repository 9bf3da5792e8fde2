#pragma once
// torchvision's Gaussian blur. Internal to imgcls::data.

#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// F.gaussian_blur of torchvision 0.29 on a Pillow image: a kernel of settings.numbers[0] by
/// settings.numbers[1] pixels (odd; 0 as 1), sigma in pixels (0: nothing is done), mirrored at the
/// edge pixels. In single precision and rounded; torchvision adds up a kernel's products in an
/// order that depends on the machine, so a value that lies halfway between two may become the other
/// one. A kernel that reaches further than the image is mirrored again and again; torchvision
/// refuses it.
void gaussian_blur(PixelCanvas& canvas, double sigma, const PixelSettings& settings);

}  // namespace imgcls::data
