#include <imgcls/augment/aug_mix.h>
#include <imgcls/augment/pixel_mix.h>
#include <imgcls/core/distributions.h>

#include <utility>

namespace imgcls::data {
namespace {

constexpr int kBins = 10;
constexpr double kWidest = 100, kDeepest = 100, kMostAlpha = 1000;

}  // namespace

const OptionFields<AugMixOptions>& aug_mix_fields() {
  using O = AugMixOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("severity", &O::severity,
          "How many of the ten steps of each operation's scale one is drawn from, beginning with "
          "the weakest.",
          Limits::between(1, kBins));
    f.add("mixture_width", &O::mixture_width, "Chains of operations that are mixed with the image.",
          Limits::between(1, kWidest));
    f.add("chain_depth", &O::chain_depth,
          "Operations of a chain; -1 or 0: 1 to 3, drawn for each chain.",
          Limits::between(-1, kDeepest));
    f.add("alpha", &O::alpha,
          "Of the Dirichlet distributions of the shares: the greater, the more equal they are.",
          {.above = 0, .maximum = kMostAlpha});
    f.add("all_ops", &O::all_ops,
          "Brightness, colour, contrast and sharpness, too, which ImageNet-C has among its "
          "corruptions.");
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

AugMix::AugMix(const AugMixOptions& options)
    : options_(options), settings_(pixel_settings(options.settings)) {
  const auto require = [](bool good, const char* name, auto value, const char* range) {
    if (good) return;
    throw ConfigError(fmt::format("augment.augmix: {} is {}; expected {}", name, value, range));
  };
  require(options.severity >= 1 && options.severity <= kBins, "severity", options.severity,
          "1 to 10");
  require(options.mixture_width >= 1, "mixture_width", options.mixture_width, "at least 1");
  require(options.alpha > 0, "alpha", options.alpha, "more than 0");
}

std::vector<PixelStep> AugMix::draw_chain(std::span<const ScaledOperation> space,
                                          Random& random) const {
  const int depth =
      options_.chain_depth > 0 ? options_.chain_depth : 1 + static_cast<int>(random.below(3));
  std::vector<PixelStep> steps;
  for (int i = 0; i < depth; ++i) {
    const ScaledOperation& drawn = space[random.below(space.size())];
    double magnitude = 0;
    if (drawn.has_scale()) {
      const auto bin = random.below(static_cast<std::uint64_t>(options_.severity));
      magnitude = drawn.magnitude(static_cast<int>(bin), kBins);
    }
    if (drawn.either_sign && random.below(2) == 1) magnitude = -magnitude;
    steps.push_back(pixel_step(drawn.name, magnitude, settings_));
  }
  return steps;
}

std::vector<PixelStep> AugMix::draw(Size size, Random& random) const {
  const auto space = aug_mix_space(size);
  const auto operations =
      std::span(space).first(options_.all_ops ? space.size() : kAugMixSpaceWithoutBlends);
  const double alpha = static_cast<float>(options_.alpha);  // as torchvision's tensors have it
  const std::vector<double> ends = dirichlet(random, alpha, 2);
  const auto rest = static_cast<float>(ends[1]);
  PixelMix mix{.own = static_cast<float>(ends[0])};
  const auto width = static_cast<std::size_t>(options_.mixture_width);
  for (const double share : dirichlet(random, alpha, width)) {
    mix.parts.push_back({.share = static_cast<float>(share) * rest});
  }
  for (PixelMix::Part& part : mix.parts) part.steps = draw_chain(operations, random);
  return {mix_step(std::move(mix))};
}

}  // namespace imgcls::data
