#include <imgcls/augment/auto_augment.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace imgcls::data {
namespace {

constexpr int kBins = 10;

constexpr Names<AutoAugmentSet, 3> kSets{{{AutoAugmentSet::imagenet, "imagenet"},
                                          {AutoAugmentSet::cifar10, "cifar10"},
                                          {AutoAugmentSet::svhn, "svhn"}}};

struct LearnedStep {
  std::string_view operation;
  float probability;
  int bin;  // 0 for an operation without a scale
};
using Pairs = std::array<std::pair<LearnedStep, LearnedStep>, 25>;

// The paper's tables 7 to 9, in torchvision's words.
constexpr Pairs kImagenet{{
    {{"posterize", 0.4F, 8}, {"rotate", 0.6F, 9}},
    {{"solarize", 0.6F, 5}, {"autocontrast", 0.6F, 0}},
    {{"equalize", 0.8F, 0}, {"equalize", 0.6F, 0}},
    {{"posterize", 0.6F, 7}, {"posterize", 0.6F, 6}},
    {{"equalize", 0.4F, 0}, {"solarize", 0.2F, 4}},
    {{"equalize", 0.4F, 0}, {"rotate", 0.8F, 8}},
    {{"solarize", 0.6F, 3}, {"equalize", 0.6F, 0}},
    {{"posterize", 0.8F, 5}, {"equalize", 1.0F, 0}},
    {{"rotate", 0.2F, 3}, {"solarize", 0.6F, 8}},
    {{"equalize", 0.6F, 0}, {"posterize", 0.4F, 6}},
    {{"rotate", 0.8F, 8}, {"color", 0.4F, 0}},
    {{"rotate", 0.4F, 9}, {"equalize", 0.6F, 0}},
    {{"equalize", 0.0F, 0}, {"equalize", 0.8F, 0}},
    {{"invert", 0.6F, 0}, {"equalize", 1.0F, 0}},
    {{"color", 0.6F, 4}, {"contrast", 1.0F, 8}},
    {{"rotate", 0.8F, 8}, {"color", 1.0F, 2}},
    {{"color", 0.8F, 8}, {"solarize", 0.8F, 7}},
    {{"sharpness", 0.4F, 7}, {"invert", 0.6F, 0}},
    {{"shear_x", 0.6F, 5}, {"equalize", 1.0F, 0}},
    {{"color", 0.4F, 0}, {"equalize", 0.6F, 0}},
    {{"equalize", 0.4F, 0}, {"solarize", 0.2F, 4}},
    {{"solarize", 0.6F, 5}, {"autocontrast", 0.6F, 0}},
    {{"invert", 0.6F, 0}, {"equalize", 1.0F, 0}},
    {{"color", 0.6F, 4}, {"contrast", 1.0F, 8}},
    {{"equalize", 0.8F, 0}, {"equalize", 0.6F, 0}},
}};
constexpr Pairs kCifar10{{
    {{"invert", 0.1F, 0}, {"contrast", 0.2F, 6}},
    {{"rotate", 0.7F, 2}, {"translate_x", 0.3F, 9}},
    {{"sharpness", 0.8F, 1}, {"sharpness", 0.9F, 3}},
    {{"shear_y", 0.5F, 8}, {"translate_y", 0.7F, 9}},
    {{"autocontrast", 0.5F, 0}, {"equalize", 0.9F, 0}},
    {{"shear_y", 0.2F, 7}, {"posterize", 0.3F, 7}},
    {{"color", 0.4F, 3}, {"brightness", 0.6F, 7}},
    {{"sharpness", 0.3F, 9}, {"brightness", 0.7F, 9}},
    {{"equalize", 0.6F, 0}, {"equalize", 0.5F, 0}},
    {{"contrast", 0.6F, 7}, {"sharpness", 0.6F, 5}},
    {{"color", 0.7F, 7}, {"translate_x", 0.5F, 8}},
    {{"equalize", 0.3F, 0}, {"autocontrast", 0.4F, 0}},
    {{"translate_y", 0.4F, 3}, {"sharpness", 0.2F, 6}},
    {{"brightness", 0.9F, 6}, {"color", 0.2F, 8}},
    {{"solarize", 0.5F, 2}, {"invert", 0.0F, 0}},
    {{"equalize", 0.2F, 0}, {"autocontrast", 0.6F, 0}},
    {{"equalize", 0.2F, 0}, {"equalize", 0.6F, 0}},
    {{"color", 0.9F, 9}, {"equalize", 0.6F, 0}},
    {{"autocontrast", 0.8F, 0}, {"solarize", 0.2F, 8}},
    {{"brightness", 0.1F, 3}, {"color", 0.7F, 0}},
    {{"solarize", 0.4F, 5}, {"autocontrast", 0.9F, 0}},
    {{"translate_y", 0.9F, 9}, {"translate_y", 0.7F, 9}},
    {{"autocontrast", 0.9F, 0}, {"solarize", 0.8F, 3}},
    {{"equalize", 0.8F, 0}, {"invert", 0.1F, 0}},
    {{"translate_y", 0.7F, 9}, {"autocontrast", 0.9F, 0}},
}};
constexpr Pairs kSvhn{{
    {{"shear_x", 0.9F, 4}, {"invert", 0.2F, 0}},
    {{"shear_y", 0.9F, 8}, {"invert", 0.7F, 0}},
    {{"equalize", 0.6F, 0}, {"solarize", 0.6F, 6}},
    {{"invert", 0.9F, 0}, {"equalize", 0.6F, 0}},
    {{"equalize", 0.6F, 0}, {"rotate", 0.9F, 3}},
    {{"shear_x", 0.9F, 4}, {"autocontrast", 0.8F, 0}},
    {{"shear_y", 0.9F, 8}, {"invert", 0.4F, 0}},
    {{"shear_y", 0.9F, 5}, {"solarize", 0.2F, 6}},
    {{"invert", 0.9F, 0}, {"autocontrast", 0.8F, 0}},
    {{"equalize", 0.6F, 0}, {"rotate", 0.9F, 3}},
    {{"shear_x", 0.9F, 4}, {"solarize", 0.3F, 3}},
    {{"shear_y", 0.8F, 8}, {"invert", 0.7F, 0}},
    {{"equalize", 0.9F, 0}, {"translate_y", 0.6F, 6}},
    {{"invert", 0.9F, 0}, {"equalize", 0.6F, 0}},
    {{"contrast", 0.3F, 3}, {"rotate", 0.8F, 4}},
    {{"invert", 0.8F, 0}, {"translate_y", 0.0F, 2}},
    {{"shear_y", 0.7F, 6}, {"solarize", 0.4F, 8}},
    {{"invert", 0.6F, 0}, {"rotate", 0.8F, 4}},
    {{"shear_y", 0.3F, 7}, {"translate_x", 0.9F, 3}},
    {{"shear_x", 0.1F, 6}, {"invert", 0.6F, 0}},
    {{"solarize", 0.7F, 2}, {"translate_y", 0.6F, 7}},
    {{"shear_y", 0.8F, 4}, {"invert", 0.8F, 0}},
    {{"shear_x", 0.7F, 9}, {"translate_y", 0.8F, 3}},
    {{"shear_y", 0.8F, 5}, {"autocontrast", 0.7F, 0}},
    {{"shear_x", 0.7F, 2}, {"invert", 0.1F, 0}},
}};
const Pairs& pairs_of(AutoAugmentSet set) {
  switch (set) {
    case AutoAugmentSet::cifar10:
      return kCifar10;
    case AutoAugmentSet::svhn:
      return kSvhn;
    default:
      return kImagenet;
  }
}

}  // namespace

const OptionFields<AutoAugmentOptions>& auto_augment_fields() {
  using O = AutoAugmentOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("set", &O::set, kSets, "The data set that the pairs of operations were learned for.");
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

AutoAugment::AutoAugment(const AutoAugmentOptions& options)
    : set_(options.set), settings_(pixel_settings(options.settings)) {}

std::vector<PixelStep> AutoAugment::draw(Size size, Random& random) const {
  const Pairs& pairs = pairs_of(set_);
  const auto& [first, second] = pairs[random.below(pairs.size())];
  // Single precision, as the numbers that torchvision compares.
  std::array<float, 2> numbers{};
  for (float& number : numbers) number = static_cast<float>(random.uniform());
  std::array<bool, 2> negative{};
  for (bool& sign : negative) sign = random.below(2) == 0;

  const PolicySpace space = moderate_space(size);
  std::vector<PixelStep> steps;
  for (std::size_t i = 0; i < 2; ++i) {
    const LearnedStep& learned = i == 0 ? first : second;
    if (numbers[i] > learned.probability) continue;
    double magnitude = 0;
    const auto found = std::ranges::find(space, learned.operation, &ScaledOperation::name);
    if (found != space.end()) {  // "invert" is not there, and has none
      magnitude = found->magnitude(learned.bin, kBins);
      if (found->either_sign && negative[i]) magnitude = -magnitude;
    }
    steps.push_back(pixel_step(learned.operation, magnitude, settings_));
  }
  return steps;
}

}  // namespace imgcls::data
