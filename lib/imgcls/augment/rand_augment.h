#pragma once
// RandAugment (Cubuk et al., arXiv:1909.13719) in the form of torchvision 0.29's RandAugment.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>

namespace imgcls::data {

/// The options in `augment.rand_augment`.
struct RandAugmentOptions {
  /// Operations for each image, drawn with replacement from 14.
  int num_ops = 2;
  /// Which bin of each operation's scale; below `bins`.
  int magnitude = 9;
  /// Bins of a scale, at least 2.
  int bins = 31;
  /// How moved pixels are made, and the colour of those from outside.
  PolicySettings settings = {};
};

const OptionFields<RandAugmentOptions>& rand_augment_fields();  ///< keys of `augment.rand_augment`

/// A few operations, all of one bin.
class RandAugment final : public Policy {
 public:
  /// Throws ConfigError for a magnitude that is no bin.
  explicit RandAugment(const RandAugmentOptions& options);

  /// Draws for each operation: which one, and its sign if it has one.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandAugmentOptions options_;
  PixelSettings settings_;
};

}  // namespace imgcls::data
