#pragma once
// AutoAugment (Cubuk et al., arXiv:1805.09501): the pairs of operations learned for three data
// sets, in the form of torchvision 0.29's AutoAugment.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>

namespace imgcls::data {

/// The data set that the pairs were learned for.
enum class AutoAugmentSet { imagenet, cifar10, svhn };

struct AutoAugmentOptions {
  AutoAugmentSet set = AutoAugmentSet::imagenet;
  PolicySettings settings = {};
};

const OptionFields<AutoAugmentOptions>& auto_augment_fields();

class AutoAugment final : public Policy {
 public:
  explicit AutoAugment(const AutoAugmentOptions& options);

  /// Draws the pair, a number against each operation's probability, and two signs.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  AutoAugmentSet set_;
  PixelSettings settings_;
};

}  // namespace imgcls::data
