#include <imgcls/augment/rand_augment.h>

namespace imgcls::data {
namespace {

constexpr double kMostBins = 1000, kMostOperations = 100;

void check_magnitude(const RandAugmentOptions& options) {
  if (options.magnitude < options.bins) return;
  throw ConfigError(fmt::format("must be below bins={}, not {}", options.bins, options.magnitude));
}

}  // namespace

const OptionFields<RandAugmentOptions>& rand_augment_fields() {
  using O = RandAugmentOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("num_ops", &O::num_ops, "Operations for each image.",
          Limits::between(0, kMostOperations));
    f.add("bins", &O::bins, "Steps into which each operation's scale is cut.",
          Limits::between(2, kMostBins));
    // After bins, so that they are known when it is read.
    f.add(
        "magnitude", {{"type", "integer"}, {"minimum", 0}, {"maximum", 999}},
        [](const nlohmann::json& value, O& to) {
          to.magnitude = value.get<int>();
          check_magnitude(to);
        },
        [](const O& from) { return nlohmann::json(from.magnitude); },
        "Which of the bins, from 0; the greater, the stronger.");
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

RandAugment::RandAugment(const RandAugmentOptions& options)
    : options_(options), settings_(pixel_settings(options.settings)) {
  if (options.bins < 2 || options.magnitude < 0 || options.magnitude >= options.bins) {
    throw ConfigError(
        fmt::format("augment.rand_augment: there is no magnitude {} of {} bins; expected 0 to {} "
                    "of at least 2",
                    options.magnitude, options.bins, options.bins - 1));
  }
}

std::vector<PixelStep> RandAugment::draw(Size size, Random& random) const {
  const PolicySpace space = moderate_space(size);
  std::vector<PixelStep> steps;
  for (int i = 0; i < options_.num_ops; ++i) {
    const ScaledOperation& drawn = space[random.below(space.size())];
    double magnitude = drawn.magnitude(options_.magnitude, options_.bins);
    if (drawn.either_sign && random.below(2) == 1) magnitude = -magnitude;
    steps.push_back(pixel_step(drawn.name, magnitude, settings_));
  }
  return steps;
}

}  // namespace imgcls::data
