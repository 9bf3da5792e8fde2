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

/// Focal loss of each class by itself: torchvision.ops.sigmoid_focal_loss.
struct SigmoidFocalOptions {
  /// Factor of the classes that an image has, those it has not being multiplied by 1 - alpha; below
  /// 0: none.
  double alpha = 0.25;
  double gamma = 2;  ///< power of the distance from the target; at least 0
  /// Sum over classes, and mean over images; else the mean over both, its reduction="mean".
  bool sum = false;
};

/// Ridnik et al., arXiv:2009.14119, of each class by itself: timm's AsymmetricLossMultiLabel with
/// its reduction "batchmean", the sum over classes and the mean over images. (The authors' program
/// sums over images, too.)
struct AsymmetricMultiLabelOptions {
  /// Powers for the classes that an image has, and for those it has not.
  double gamma_positive = 1, gamma_negative = 4;
  /// By how much the probability of what an image has not counts as smaller than it is.
  double clip = 0.05;
};

const OptionFields<BceOptions>& bce_fields();  ///< keys of `loss.bce`
/// Keys of `loss.sigmoid_focal`.
const OptionFields<SigmoidFocalOptions>& sigmoid_focal_fields();
/// Keys of `loss.asymmetric_multi_label`.
const OptionFields<AsymmetricMultiLabelOptions>& asymmetric_multi_label_fields();
const OptionFields<FocalOptions>& focal_fields();            ///< keys of `loss.focal`
const OptionFields<AsymmetricOptions>& asymmetric_fields();  ///< keys of `loss.asymmetric`
const OptionFields<JsdOptions>& jsd_fields();                ///< keys of `loss.jsd`
const OptionFields<PolyOptions>& poly_fields();              ///< keys of `loss.poly`

}  // namespace imgcls::train
