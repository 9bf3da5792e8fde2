#include <imgcls/augment/rand_augment.h>
#include <imgcls/augment/timm_rand_augment.h>
#include <imgcls/train/progressive.h>

#include <algorithm>
#include <cmath>

namespace imgcls::train {

const OptionFields<ProgressiveOptions>& progressive_fields() {
  using O = ProgressiveOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("size", &O::size,
          "Side of the training images in the first epochs, in pixels; 0: they all have "
          "augment.size.",
          Limits::between(0, 65535));
    f.add_range("ramp", &O::begin, &O::end,
                "First and last epoch, counted from 0, of those in which the side grows linearly "
                "from progressive.size to augment.size, and what else is to grow with it.",
                Limits::at_least(0));
    f.add("multiple", &O::multiple, "Sides between the two are multiples of this.",
          Limits::between(1, 65535));
    f.add("stages", &O::stages,
          "Grow in so many stages of equal length, as EfficientNetV2 does, at least 2; 0: a step "
          "each epoch.",
          Limits::between(0, 1000));
    f.add("magnitude", &O::magnitude,
          "RandAugment's magnitude in the first epochs, which grows to that of augment.policy, "
          "rand_augment or timm_rand_augment; -1: it has that from the start.",
          Limits::between(-1, 1000));
    f.add("mixup_alpha", &O::mixup_alpha,
          "mixup's alpha in the first epochs, which grows to mix.mixup.alpha; 0: no mixup at "
          "first; -1: it has that from the start.",
          Limits::between(-1, 1000));
    f.add("dropout", &O::dropout,
          "Probability of the model's dropout in the first epochs, which grows to model.dropout; "
          "-1: it has that from the start.",
          {.minimum = -1, .below = 1});
    return f;
  }();
  return fields;
}

double growth_at(const ProgressiveOptions& options, std::uint32_t epoch) {
  if (epoch >= options.end) return 1;
  if (epoch <= options.begin) return 0;
  const double done = epoch - options.begin, all = options.end - options.begin;
  if (options.stages == 0) return done / all;
  int stage = 0;
  while (stage + 1 < options.stages && std::floor((stage + 1) * all / options.stages) <= done) {
    ++stage;
  }
  return static_cast<double>(stage) / (options.stages - 1);
}

double value_at(const ProgressiveOptions& options, double first, double last, std::uint32_t epoch) {
  if (first == ProgressiveOptions::kNone) return last;
  const double growth = growth_at(options, epoch);
  return growth == 1 ? last : first + growth * (last - first);
}

int side_at(const ProgressiveOptions& options, int last, std::uint32_t epoch) {
  if (options.size == 0) return last;
  const double growth = growth_at(options, epoch);
  if (growth == 1) return last;
  if (growth == 0) return options.size;
  const double side = options.size + growth * (last - options.size);
  const int rounded = options.multiple * static_cast<int>(std::nearbyint(side / options.multiple));
  return std::clamp(rounded, options.size, last);
}

std::optional<double> magnitude_of(const data::AugmentOptions& options) {
  if (options.policy == "rand_augment") {
    return OwnFields::own_options<data::RandAugmentOptions>(options.policy_options).magnitude;
  }
  if (options.policy == "timm_rand_augment") {
    return OwnFields::own_options<data::TimmRandAugmentOptions>(options.policy_options).magnitude;
  }
  return std::nullopt;
}

data::AugmentOptions augment_at(const ProgressiveOptions& options, const data::AugmentOptions& last,
                                std::uint32_t epoch) {
  data::AugmentOptions now = last;
  now.size = side_at(options, last.size, epoch);
  const std::optional<double> strongest = magnitude_of(last);
  if (options.magnitude == ProgressiveOptions::kNone || !strongest) return now;
  const double magnitude = value_at(options, options.magnitude, *strongest, epoch);
  if (last.policy == "rand_augment") {
    auto own = OwnFields::own_options<data::RandAugmentOptions>(last.policy_options);
    own.magnitude = static_cast<int>(std::lround(magnitude));
    now.policy_options = own;
  } else {
    auto own = OwnFields::own_options<data::TimmRandAugmentOptions>(last.policy_options);
    own.magnitude = magnitude;
    now.policy_options = own;
  }
  return now;
}

}  // namespace imgcls::train
