#pragma once
// TrivialAugment (Müller and Hutter, arXiv:2103.10158) in the form of torchvision 0.29's
// TrivialAugmentWide.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>

namespace imgcls::data {

/// The options in `augment.trivial_augment_wide`.
struct TrivialAugmentWideOptions {
  /// Bins of each operation's scale, of which one is drawn; at least 2.
  int bins = 31;
  /// How moved pixels are made, and the colour of those from outside.
  PolicySettings settings = {};
};

/// Keys of `augment.trivial_augment_wide`.
const OptionFields<TrivialAugmentWideOptions>& trivial_augment_wide_fields();

/// One operation of any strength.
class TrivialAugmentWide final : public Policy {
 public:
  /// Throws ConfigError for fewer than 2 bins.
  explicit TrivialAugmentWide(const TrivialAugmentWideOptions& options);

  /// Draws the operation out of 14, then its bin and its sign, if it has these.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  int bins_;
  PixelSettings settings_;
};

}  // namespace imgcls::data
