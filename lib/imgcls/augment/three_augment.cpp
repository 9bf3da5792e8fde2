#include <imgcls/augment/color_jitter.h>
#include <imgcls/augment/random_blur.h>
#include <imgcls/augment/three_augment.h>

namespace imgcls::data {

const OptionFields<ThreeAugmentOptions>& three_augment_fields() {
  using O = ThreeAugmentOptions;
  static const OptionFields<O> fields = [] {
    constexpr double kMostJitter = 10;
    OptionFields<O> f;
    f.add("color_jitter", &O::color_jitter,
          "Brightness, contrast and saturation of the colour jitter that follows; 0: none.",
          Limits::between(0, kMostJitter));
    return f;
  }();
  return fields;
}

std::vector<PixelStep> ThreeAugment::draw(Size size, Random& random) const {
  constexpr double kThreshold = 128;
  std::vector<PixelStep> steps;
  switch (random.below(3)) {
    case 0:
      steps.push_back(pixel_step("grayscale"));
      break;
    case 1:
      steps.push_back(pixel_step("solarize", kThreshold));
      break;
    default:
      steps = RandomPillowBlur({}).draw(size, random);
  }
  if (options_.color_jitter == 0) return steps;
  const double most = options_.color_jitter;
  const ColorJitter jitter({.brightness = most, .contrast = most, .saturation = most});
  const std::vector<PixelStep> colors = jitter.draw(size, random);
  steps.insert(steps.end(), colors.begin(), colors.end());
  return steps;
}

}  // namespace imgcls::data
