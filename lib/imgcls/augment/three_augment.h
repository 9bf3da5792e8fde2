#pragma once
// 3-Augment of DeiT III (Touvron, Cord and Jégou, arXiv:2204.07118).

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// The options in `augment.three_augment`.
struct ThreeAugmentOptions {
  /// Brightness, contrast and saturation of the colour jitter that follows; 0: none.
  double color_jitter = 0.3;
};

/// Keys of `augment.three_augment`.
const OptionFields<ThreeAugmentOptions>& three_augment_fields();

/// Grey, solarized from 128 on, or blurred by Pillow with a radius of 0.1 to 2.0: one of these,
/// then colour jitter, as DeiT's new_data_aug_generator.
class ThreeAugment final : public Policy {
 public:
  /// Of 0: without colour jitter.
  explicit ThreeAugment(const ThreeAugmentOptions& options) : options_(options) {}

  /// Draws which of the three, the radius, and what ColorJitter draws. (DeiT's code draws a number
  /// against each probability, too, though these are 1.)
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  ThreeAugmentOptions options_;
};

}  // namespace imgcls::data
