#pragma once
// Several images made of one: the views of a training image, the crops of an evaluation image.

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/image/image.h>

#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// One of the images that are made of one.
struct View {
  /// The part of the image that it shows.
  Rect window;
  /// Whether it shows it mirrored.
  bool flip = false;
  /// Operations on it, in order.
  std::vector<PixelStep> steps = {};
};

/// torchvision's FiveCrop (`count` 5) of an image of `size` into squares of `side`: upper left,
/// upper right, lower left, lower right, centre; for a `count` of 10 TenCrop: the same of the
/// mirror image as well. Throws DataError where the image is smaller than a square.
std::vector<View> corner_views(Size size, int side, int count);

/// Makes them of an image: `image` is size.height x size.width x 3, `output` the views one behind
/// the other, each window.height x window.width x 3. `spare` is as PixelCanvas has it.
void cut_views(std::span<const View> views, Size size, std::span<const std::uint8_t> image,
               std::span<std::uint8_t> output, std::vector<std::uint8_t>& spare);

}  // namespace imgcls::data
