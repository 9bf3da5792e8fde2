#pragma once
// RandAugment in the form of timm 1.0.31 (auto_augment.py): "rand-m9-mstd0.5-inc1" and its kin,
// with the default set of 15 operations.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

#include <array>

namespace imgcls::data {

/// How timm's geometric operations make pixels.
enum class TimmSampling {
  random,    ///< bilinear or bicubic, drawn for each: timm's default
  bilinear,  ///< of the four nearest pixels
  bicubic,   ///< of the sixteen nearest pixels
};

/// The options in `augment.timm_rand_augment`.
struct TimmRandAugmentOptions {
  /// Operations drawn for each image, with replacement (timm's n).
  int num_ops = 2;
  /// Strength, in tenths of each operation's scale (m).
  double magnitude = 9;
  /// Standard deviation of the strength, which is drawn for each operation (mstd); 0: it is not
  /// drawn; above 100: drawn uniformly from 0 to the magnitude.
  double magnitude_std = 0.5;
  /// The strength is cut to 0 .. this (mmax).
  double max_magnitude = 10;
  /// Scales on which a greater strength is always a greater change (inc).
  bool increasing = true;
  /// Probability with which an operation that was drawn is done (p).
  double prob = 0.5;
  TimmSampling sampling = TimmSampling::random;  ///< how moved pixels are made
  /// The colour of what an operation moves in: R, G, B. timm's training has ImageNet's mean.
  std::array<int, 3> fill{124, 116, 104};
};

/// Keys of `augment.timm_rand_augment`.
const OptionFields<TimmRandAugmentOptions>& timm_rand_augment_fields();

/// Operations whose strength is drawn about one.
class TimmRandAugment final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit TimmRandAugment(const TimmRandAugmentOptions& options);

  /// Draws the operations; then for each a number against `prob` (where that is below 1), its
  /// strength, its sign and its sampling, as far as these are drawn. A normal number is made of two
  /// uniform ones as Python's random.gauss makes its first; Python keeps a second one for its next
  /// call, which is not done here.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  TimmRandAugmentOptions options_;
};

}  // namespace imgcls::data
