#pragma once
// AutoAugment (Cubuk et al., arXiv:1805.09501): the pairs of operations learned for three data
// sets, in the form of torchvision 0.29's AutoAugment.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>

namespace imgcls::data {

/// The data set that the pairs were learned for.
enum class AutoAugmentSet { imagenet, cifar10, svhn };

/// The options in `augment.auto_augment`.
struct AutoAugmentOptions {
  AutoAugmentSet set = AutoAugmentSet::imagenet;  ///< whose 25 pairs are drawn from
  /// How moved pixels are made, and the colour of those from outside.
  PolicySettings settings = {};
};

const OptionFields<AutoAugmentOptions>& auto_augment_fields();  ///< keys of `augment.auto_augment`

/// One of the learned pairs of operations, each done with its own probability and magnitude.
class AutoAugment final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit AutoAugment(const AutoAugmentOptions& options);

  /// Draws the pair, a number against each operation's probability, and two signs.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  AutoAugmentSet set_;
  PixelSettings settings_;
};

}  // namespace imgcls::data
