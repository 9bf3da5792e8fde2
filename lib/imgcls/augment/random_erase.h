#pragma once
// A rectangle of an image painted over (Zhong et al., arXiv:1708.04896), as a link of a chain:
// before the image is normalized. The recipe's ingredient erase (train/recipe/erase.h) does it to
// batches, behind normalization.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

#include <array>

namespace imgcls::data {

/// What rectangle, and its colour.
struct RandomEraseOptions {
  /// Share of the image's area, drawn uniformly.
  double area_min = 0.02, area_max = 0.33;
  /// Height over width, drawn uniformly in its logarithm.
  double aspect_min = 0.3, aspect_max = 3.3;
  /// The colour, RGB.
  std::array<int, 3> fill{};
};
const OptionFields<RandomEraseOptions>& random_erase_fields();  ///< keys of the operation "erase"

/// torchvision's RandomErasing on uint8 images.
class RandomErase final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit RandomErase(const RandomEraseOptions& options);

  /// Draws area and aspect, up to ten times, until the rectangle is lower and narrower than the
  /// image, then its y and x. No step where none of the ten is.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomEraseOptions options_;
  PixelSettings settings_;
};

/// The operation "erase": settings.numbers are the rectangle's x, y, width and height, which may
/// reach outside of the image; the colour is settings.fill.
void erase(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);

}  // namespace imgcls::data
