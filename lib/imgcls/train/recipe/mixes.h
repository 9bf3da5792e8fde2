#pragma once
// What single ways of mixing can be told (train/recipe/mix.h).

#include <imgcls/core/option_fields.h>

namespace imgcls::train {

/// Zhang et al., arXiv:1710.09412: images are added, with a share drawn from Beta(alpha, alpha).
struct MixupOptions {
  double alpha = 0.2;  ///< above 0; the greater, the nearer are shares to a half
};

/// Yun et al., arXiv:1905.04899: a box of the partner's; its area is drawn from Beta(alpha, alpha),
/// and its centre evenly. The numbers are torchvision's: half a side is int(sqrt(area) / 2 * side),
/// and the share is what is left after the box was cut at the border.
struct CutmixOptions {
  double alpha = 1;  ///< above 0; 1: areas are drawn evenly
};

/// Qin et al., arXiv:2012.11101: the partner, made smaller (bilinear), at a place drawn evenly.
struct ResizeMixOptions {
  /// Least and greatest side of the small image, as a share of the side.
  double least = 0.1, greatest = 0.8;
};

const OptionFields<MixupOptions>& mixup_fields();           ///< keys of `mix.mixup`
const OptionFields<CutmixOptions>& cutmix_fields();         ///< keys of `mix.cutmix`
const OptionFields<ResizeMixOptions>& resize_mix_fields();  ///< keys of `mix.resize_mix`

}  // namespace imgcls::train
