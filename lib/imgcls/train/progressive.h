#pragma once
// Training images that grow: small ones at first, which cost little, then large ones. FFCV's form
// (rn50_configs: linear between two epochs, in multiples of 32); EfficientNetV2 (Tan and Le,
// arXiv:2104.00298) and Howard's fast.ai entry to DAWNBench (2018) before it. With the images grow,
// as EfficientNetV2 has it, what makes them hard to learn by heart: the strength of RandAugment,
// mixup and dropout.

#include <imgcls/augment/transform.h>
#include <imgcls/core/option_fields.h>

#include <cstdint>
#include <optional>

namespace imgcls::train {

/// The section `progressive`; the last values are those of `augment`, `mix` and `model`.
struct ProgressiveOptions {
  /// What is not to grow has no first value.
  static constexpr double kNone = -1;

  /// Side of the training images up to epoch `begin`, in pixels; 0: all have `augment.size`.
  int size = 0;
  /// Epochs, counted from 0, between which the side grows linearly to `augment.size`.
  double begin = 0, end = 0;
  /// Sides on the way are the nearest multiple of this; halves go to the even one, as numpy rounds.
  int multiple = 32;
  /// Growth in so many steps, in epochs of equal number, the last of which has the last values: the
  /// paper's algorithm 1, whose stage i of M begins at epoch floor(i / M of them) as in the
  /// authors' program; 0: a step each epoch.
  int stages = 0;
  /// The first strength of RandAugment, `augment.policy`'s.
  double magnitude = kNone;
  /// The first alpha of mixup; 0: it is not done at first.
  double mixup_alpha = kNone;
  /// The first probability of the model's dropout, in each layer that has one.
  double dropout = kNone;

  /// Whether an epoch's images may differ from the last's in size or strength.
  bool changes_images() const { return size > 0 || magnitude != kNone; }
};

/// Keys of the section `progressive`.
const OptionFields<ProgressiveOptions>& progressive_fields();

/// How far things have grown in that epoch, from 0 to 1.
double growth_at(const ProgressiveOptions& options, std::uint32_t epoch);
/// From `first` to `last`; `last` where `first` is kNone.
double value_at(const ProgressiveOptions& options, double first, double last, std::uint32_t epoch);

/// The side of epoch `epoch`'s images, of a run whose last ones have side `last`.
int side_at(const ProgressiveOptions& options, int last, std::uint32_t epoch);

/// What is done to epoch `epoch`'s images, of a run whose last ones `last` is done to. A strength
/// that is a whole number is the nearest one.
data::AugmentOptions augment_at(const ProgressiveOptions& options, const data::AugmentOptions& last,
                                std::uint32_t epoch);

/// The strength of RandAugment; nothing for another policy. Throws ConfigError where
/// `policy_options` are another policy's.
std::optional<double> magnitude_of(const data::AugmentOptions& options);

}  // namespace imgcls::train
