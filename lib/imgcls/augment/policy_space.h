#pragma once
// The operations that policies draw from, each with a scale of magnitudes cut into bins, as
// torchvision 0.29's AutoAugment classes have them.

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/core/option_fields.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// An operation and its scale.
struct ScaledOperation {
  std::string_view name;  ///< of one of pixel_operations()
  /// Magnitudes of the first and of the last bin; the same: it has none.
  double first = 0, last = 0;
  /// Whether the magnitude may be drawn with either sign.
  bool either_sign = false;
  /// Whether it counts bits, and so has whole numbers.
  bool whole = false;

  bool has_scale() const { return first != last; }  ///< whether there is a magnitude to choose
  /// The magnitude of a bin of `bins`; 0 without a scale. Steps of single precision, as those of
  /// torch.linspace on a processor with fused multiply-add.
  double magnitude(int bin, int bins) const;
};

/// Number of operations in moderate_space and in wide_space.
constexpr std::size_t kSpaceSize = 14;
/// The operations of a space, in the order that drawing counts them by.
using PolicySpace = std::array<ScaledOperation, kSpaceSize>;

/// RandAugment's, for an image of `size`, and AutoAugment's, which has "invert" beside them.
PolicySpace moderate_space(Size size);
/// TrivialAugmentWide's.
const PolicySpace& wide_space();

/// Operations of aug_mix_space: all, and without those that it can leave out.
constexpr std::size_t kAugMixSpaceSize = 13, kAugMixSpaceWithoutBlends = 9;
/// AugMix's, for an image of `size`. The last four are those that it can leave out.
std::array<ScaledOperation, kAugMixSpaceSize> aug_mix_space(Size size);

/// What all policies let a configuration say of their operations.
struct PolicySettings {
  /// torchvision's classes: nearest; its training recipes: bilinear.
  Sampling sampling = Sampling::nearest;
  /// The colour of what an operation moves in from outside: R, G, B, each 0 to 255.
  std::array<int, 3> fill{};
};

/// Keys that each policy of torchvision's has.
const OptionFields<PolicySettings>& policy_settings_fields();

/// Throws ConfigError for a colour outside of 0 to 255.
PixelSettings pixel_settings(const PolicySettings& settings);

}  // namespace imgcls::data
