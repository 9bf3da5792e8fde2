#include <imgcls/augment/policy_space.h>
#include <imgcls/augment/timm_rand_augment.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

namespace imgcls::data {
namespace {

constexpr Names<TimmSampling, 3> kTimmSamplings{{{TimmSampling::random, "random"},
                                                 {TimmSampling::bilinear, "bilinear"},
                                                 {TimmSampling::bicubic, "bicubic"}}};
constexpr double kUniformFrom = 100;  // standard deviations above it mean uniform strengths
constexpr double kMostTimmOperations = 100, kStrongest = 30;

// timm's _RAND_TRANSFORMS, in its order, in our words.
constexpr std::array<std::string_view, 15> kTimmOperations{
    "autocontrast", "equalize",     "invert",  "rotate",      "posterize",
    "solarize",     "solarize_add", "color",   "contrast",    "brightness",
    "sharpness",    "shear_x",      "shear_y", "translate_x", "translate_y"};

double either_sign(double value, Random& random) {
  return random.uniform() > 0.5 ? -value : value;
}

// random.gauss with nothing kept from a call before.
double normal(double mean, double deviation, Random& random) {
  const double angle = random.uniform() * (2 * std::numbers::pi);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.uniform()));
  return mean + std::cos(angle) * radius * deviation;
}

double factor_of(double level, bool increasing, Random& random) {
  if (!increasing) return level * 1.8 + 0.1;
  return std::max(0.1, 1.0 + either_sign(level * 0.9, random));
}

double bits_of(double level, bool increasing) {
  const double bits = std::trunc(level * 4);
  return std::clamp(increasing ? 4 - bits : bits, 0.0, 8.0);
}

double threshold_of(double level, bool increasing) {
  const double threshold = std::min(256.0, std::trunc(level * 256));
  return increasing ? 256 - threshold : threshold;
}

/// timm's shears and translations: of the centre's row or column, by fractions of pixels.
std::array<double, 8> matrix_of(std::string_view name, double level, Size size, Random& random) {
  const double amount = either_sign(level * (name.starts_with("shear") ? 0.3 : 0.45), random);
  if (name == "shear_x") return {1, amount, 0, 0, 1, 0};
  if (name == "shear_y") return {1, 0, 0, amount, 1, 0};
  if (name == "translate_x") return {1, 0, amount * size.width, 0, 1, 0};
  return {1, 0, 0, 0, 1, amount * size.height};
}

}  // namespace

const OptionFields<TimmRandAugmentOptions>& timm_rand_augment_fields() {
  using O = TimmRandAugmentOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("num_ops", &O::num_ops, "Operations drawn for each image: timm's n.",
          Limits::between(0, kMostTimmOperations));
    f.add("magnitude", &O::magnitude, "Strength, in tenths of each operation's scale: timm's m.",
          Limits::between(0, kStrongest));
    f.add("magnitude_std", &O::magnitude_std,
          "Standard deviation of the strength, which is drawn for each operation: timm's mstd; 0: "
          "it is not drawn; above 100: drawn uniformly from 0 to the magnitude.",
          Limits::at_least(0));
    f.add("max_magnitude", &O::max_magnitude, "The strength is cut to 0 .. this: timm's mmax.",
          {.above = 0, .maximum = kStrongest});
    f.add("increasing", &O::increasing,
          "Scales on which a greater strength is always a greater change: timm's inc.");
    f.add("prob", &O::prob, "Probability with which an operation that was drawn is done: timm's p.",
          Limits::between(0, 1));
    f.add("interpolation", &O::sampling, kTimmSamplings,
          "How moved pixels are made; random: bilinear or bicubic, drawn for each operation.");
    f.add("fill", &O::fill, "Colour of what is moved in from outside: R, G, B.",
          Limits::between(0, 255));
    return f;
  }();
  return fields;
}

TimmRandAugment::TimmRandAugment(const TimmRandAugmentOptions& options) : options_(options) {
  pixel_settings({.fill = options.fill});  // throws
}

std::vector<PixelStep> TimmRandAugment::draw(Size size, Random& random) const {
  const auto& o = options_;
  std::vector<std::string_view> names;
  for (int i = 0; i < o.num_ops; ++i) {
    names.push_back(kTimmOperations[random.below(kTimmOperations.size())]);
  }
  std::vector<PixelStep> steps;
  for (const std::string_view name : names) {
    if (o.prob < 1 && random.uniform() > o.prob) continue;
    double strength = o.magnitude;
    if (o.magnitude_std > kUniformFrom) {
      strength = random.uniform(0, strength);
    } else if (o.magnitude_std > 0) {
      strength = normal(strength, o.magnitude_std, random);
    }
    const double level = std::clamp(strength, 0.0, o.max_magnitude) / 10;
    const auto settings = [&] {  // drawn after the magnitude
      PixelSettings made = pixel_settings({.sampling = Sampling::bicubic, .fill = o.fill});
      if (o.sampling == TimmSampling::bilinear ||
          (o.sampling == TimmSampling::random && random.below(2) == 0)) {
        made.sampling = Sampling::bilinear;
      }
      return made;
    };
    if (name == "autocontrast" || name == "equalize" || name == "invert") {
      steps.push_back(pixel_step(name));
    } else if (name == "rotate") {
      const double degrees = either_sign(level * 30, random);
      steps.push_back(pixel_step(name, degrees, settings()));
    } else if (name == "posterize") {
      steps.push_back(pixel_step(name, bits_of(level, o.increasing)));
    } else if (name == "solarize") {
      steps.push_back(pixel_step(name, threshold_of(level, o.increasing)));
    } else if (name == "solarize_add") {
      steps.push_back(pixel_step(name, std::min(128.0, std::trunc(level * 110))));
    } else if (name.starts_with("shear") || name.starts_with("translate")) {
      const std::array<double, 8> matrix = matrix_of(name, level, size, random);
      PixelSettings moved = settings();
      moved.numbers = matrix;
      steps.push_back(pixel_step("affine", 0, moved));
    } else {
      steps.push_back(pixel_step(name, factor_of(level, o.increasing, random) - 1));
    }
  }
  return steps;
}

}  // namespace imgcls::data
