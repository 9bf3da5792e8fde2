#include <imgcls/augment/trivial_augment_wide.h>

namespace imgcls::data {

const OptionFields<TrivialAugmentWideOptions>& trivial_augment_wide_fields() {
  using O = TrivialAugmentWideOptions;
  static const OptionFields<O> fields = [] {
    constexpr double kMostBins = 1000;
    OptionFields<O> f;
    f.add("bins", &O::bins, "Steps into which each operation's scale is cut; one is drawn.",
          Limits::between(2, kMostBins));
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

TrivialAugmentWide::TrivialAugmentWide(const TrivialAugmentWideOptions& options)
    : bins_(options.bins), settings_(pixel_settings(options.settings)) {
  if (bins_ >= 2) return;
  throw ConfigError(
      fmt::format("augment.trivial_augment_wide: {} bins; expected at least 2", bins_));
}

std::vector<PixelStep> TrivialAugmentWide::draw(Size /*size*/, Random& random) const {
  const PolicySpace& space = wide_space();
  const ScaledOperation& drawn = space[random.below(space.size())];
  double magnitude = 0;
  if (drawn.has_scale()) {
    const auto bin = static_cast<int>(random.below(static_cast<std::uint64_t>(bins_)));
    magnitude = drawn.magnitude(bin, bins_);
  }
  if (drawn.either_sign && random.below(2) == 1) magnitude = -magnitude;
  return {pixel_step(drawn.name, magnitude, settings_)};
}

}  // namespace imgcls::data
