#pragma once
// Training images that grow: small ones at first, which cost little, then large ones. FFCV's form
// (rn50_configs: linear between two epochs, in multiples of 32); EfficientNetV2 (Tan and Le,
// arXiv:2104.00298) and Howard's fast.ai entry to DAWNBench (2018) before it.

#include <imgcls/augment/transform.h>
#include <imgcls/core/option_fields.h>

#include <cstdint>

namespace imgcls::train {

struct ProgressiveOptions {
  /// Side of the training images up to epoch `begin`, in pixels; 0: all have `augment.size`.
  int size = 0;
  /// Epochs, counted from 0, between which the side grows linearly to `augment.size`.
  double begin = 0, end = 0;
  /// Sides on the way are the nearest multiple of this; halves go to the even one, as numpy rounds.
  int multiple = 32;
};

const OptionFields<ProgressiveOptions>& progressive_fields();

/// The side of epoch `epoch`'s images, of a run whose last ones have side `last`.
int side_at(const ProgressiveOptions& options, int last, std::uint32_t epoch);

}  // namespace imgcls::train
