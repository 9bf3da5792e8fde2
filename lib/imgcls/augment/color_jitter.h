#pragma once
// Colours changed at random, in the form of torchvision 0.29's ColorJitter.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// How far colours may change.
struct ColorJitterOptions {
  /// The factor is drawn from 1 - x (at least 0) to 1 + x; 0: not changed.
  double brightness = 0, contrast = 0, saturation = 0;
  /// The turn is drawn from -hue to hue, at most half a turn; 0: not changed.
  double hue = 0;
};

/// Keys of the operation "color_jitter".
const OptionFields<ColorJitterOptions>& color_jitter_fields();

/// Brightness, contrast, saturation and hue in a random order.
class ColorJitter final : public Policy {
 public:
  /// Changes nothing where all options are 0.
  explicit ColorJitter(const ColorJitterOptions& options) : options_(options) {}

  /// Draws the order of the four (Fisher and Yates, from the last place on), then the factors of
  /// those that change something: brightness, contrast, saturation, hue.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  ColorJitterOptions options_;
};

}  // namespace imgcls::data
