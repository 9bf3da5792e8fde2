#pragma once
// Blurs of random width, as links of a chain.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// The kernel of a blur, and how wide it may be.
struct RandomBlurOptions {
  /// Side of the kernel in pixels, odd.
  int kernel_size = 23;
  /// Ends of sigma in pixels, which is drawn uniformly; above 0.
  double sigma_min = 0.1, sigma_max = 2.0;
};
/// Keys of the operation "gaussian_blur".
const OptionFields<RandomBlurOptions>& random_blur_fields();

/// torchvision's GaussianBlur, but for values halfway between two (kernel_blur.h).
class RandomBlur final : public Policy {
 public:
  /// Throws ConfigError for a kernel of an even number of pixels.
  explicit RandomBlur(const RandomBlurOptions& options);
  /// Draws sigma.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomBlurOptions options_;
};

/// How wide Pillow's blur may be.
struct RandomPillowBlurOptions {
  /// Ends of the radius in pixels, which is drawn uniformly.
  double radius_min = 0.1, radius_max = 2.0;
};
/// Keys of the operation "gaussian_blur_pillow".
const OptionFields<RandomPillowBlurOptions>& random_pillow_blur_fields();

/// Pillow's GaussianBlur of a radius from random.uniform, as DINO, DeiT III and timm have it.
class RandomPillowBlur final : public Policy {
 public:
  /// In pixels, of any fraction.
  explicit RandomPillowBlur(const RandomPillowBlurOptions& options) : options_(options) {}
  /// Draws the radius.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomPillowBlurOptions options_;
};

}  // namespace imgcls::data
