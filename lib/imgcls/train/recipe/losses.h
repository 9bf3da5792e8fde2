#pragma once
// What single losses can be told (train/recipe/loss.h).

#include <imgcls/core/option_fields.h>

namespace imgcls::train {

/// Binary cross-entropy of each class by itself (Wightman et al., arXiv:2110.00476), as timm's
/// BinaryCrossEntropy.
struct BceOptions {
  /// Sum over classes, and mean over images; else the mean over both.
  bool sum = false;
  /// Targets above this count as 1 and others as 0; below 0: they stay as they are.
  double threshold = -1;
};

/// Cross-entropy times (1 - p)^gamma, p the probability of the class (Lin et al.,
/// arXiv:1708.02002), with softmax.
struct FocalOptions {
  double gamma = 2;  ///< at least 0; with 0 it is the cross-entropy
};

/// Ridnik et al., arXiv:2009.14119, with softmax: timm's AsymmetricLossSingleLabel.
struct AsymmetricOptions {
  /// Powers for the class and for the others.
  double gamma_positive = 1, gamma_negative = 4;
};

/// Cross-entropy plus epsilon (1 - p) (Leng et al., arXiv:2204.12511).
struct PolyOptions {
  double epsilon = 1;  ///< at least -1; with 0 it is the cross-entropy
};

/// Cross-entropy of each image's first view, plus alpha times the Jensen-Shannon divergence of all
/// its views' probabilities (AugMix, Hendrycks et al., arXiv:1912.02781), as timm's
/// JsdCrossEntropy.
struct JsdOptions {
  double alpha = 12;  ///< at least 0
};

const OptionFields<BceOptions>& bce_fields();                ///< keys of `loss.bce`
const OptionFields<FocalOptions>& focal_fields();            ///< keys of `loss.focal`
const OptionFields<AsymmetricOptions>& asymmetric_fields();  ///< keys of `loss.asymmetric`
const OptionFields<JsdOptions>& jsd_fields();                ///< keys of `loss.jsd`
const OptionFields<PolyOptions>& poly_fields();              ///< keys of `loss.poly`

}  // namespace imgcls::train
