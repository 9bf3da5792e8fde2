#pragma once
// AugMix (Hendrycks et al., arXiv:1912.02781) in the form of torchvision 0.29's AugMix.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>

namespace imgcls::data {

/// The options in `augment.augmix`.
struct AugMixOptions {
  /// From how many of ten bins of each operation's scale, from the weakest, one is drawn.
  int severity = 3;
  /// Chains of operations that are mixed with the image.
  int mixture_width = 3;
  /// Operations of a chain; 0 and below: 1 to 3, drawn for each.
  int chain_depth = -1;
  /// Of the Dirichlet distribution of the chains' shares and of the image's own; above 0.
  double alpha = 1;
  /// Brightness, colour, contrast and sharpness as well, which ImageNet-C, the test of robustness,
  /// has among its corruptions.
  bool all_ops = true;
  /// How moved pixels are made, and the colour of those from outside.
  PolicySettings settings{.sampling = Sampling::bilinear};
};

const OptionFields<AugMixOptions>& aug_mix_fields();  ///< keys of `augment.augmix`

/// The image mixed with chains of operations that it goes through.
class AugMix final : public Policy {
 public:
  /// Throws ConfigError for options outside of their limits.
  explicit AugMix(const AugMixOptions& options);

  /// Draws the image's own share and the rest's, from a Dirichlet distribution of two; each
  /// chain's of the rest, from one of `mixture_width`; then for each chain its depth, if it is
  /// drawn, and for each operation which one, its bin and its sign, if it has these. One step.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  std::vector<PixelStep> draw_chain(std::span<const ScaledOperation> space, Random& random) const;

  AugMixOptions options_;
  PixelSettings settings_;
};

}  // namespace imgcls::data
