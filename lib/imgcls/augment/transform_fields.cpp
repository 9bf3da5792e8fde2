#include <imgcls/augment/chain.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/transform_fields.h>

namespace imgcls::data {
namespace {

constexpr Names<Interpolation, 3> kInterpolations{
    {{Interpolation::bilinear, "bilinear"},
     {Interpolation::bicubic, "bicubic"},
     {Interpolation::bilinear_no_antialias, "bilinear_no_antialias"}}};
constexpr Names<CropKind, 4> kCrops{{{CropKind::random_resized, "random_resized"},
                                     {CropKind::random_resized_dali, "random_resized_dali"},
                                     {CropKind::pad, "pad"},
                                     {CropKind::none, "none"}}};
constexpr Names<PadMode, 2> kPadModes{{{PadMode::zero, "zero"}, {PadMode::reflect, "reflect"}}};
constexpr double kLongestSide = 65535, kMostViews = 64;

}  // namespace

const OptionFields<AugmentOptions>& augment_fields() {
  using O = AugmentOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("crop", &O::crop, kCrops,
          "random_resized: a random part of the image, resized, as torchvision draws it; "
          "random_resized_dali: as DALI draws it; pad: a random window of the image with a "
          "border, as usual for CIFAR; none: the image, resized.");
    f.add("size", &O::size, "Side of the training images in pixels.",
          Limits::between(1, kLongestSide));
    f.add_range(
        "area", &O::area_min, &O::area_max,
        "random_resized, random_resized_dali: least and greatest share of the image's area.",
        {.above = 0, .maximum = 1});
    f.add_range("aspect", &O::aspect_min, &O::aspect_max,
                "random_resized, random_resized_dali: least and greatest width over height.",
                Limits::greater_than(0));
    f.add("tries", &O::tries,
          "random_resized, random_resized_dali: draws before falling back to the largest crop of "
          "a legal aspect.",
          Limits::between(1, 1e6));
    f.add("interpolation", &O::interpolation, kInterpolations,
          "bilinear, bicubic: Pillow's, the filter widens when shrinking; bilinear_no_antialias: "
          "of the four nearest pixels.");
    f.add("pad", &O::pad, "pad: width of the border in pixels.", Limits::between(0, kLongestSide));
    f.add("pad_mode", &O::pad_mode, kPadModes,
          "pad: what the border shows, black or the image mirrored.");
    f.add("flip", &O::flip, "Probability of a horizontal flip.", Limits::between(0, 1));
    f.add_choice("policy", &O::policy, policies().names(),
                 "Operations on the pixels after crop and flip: none; rand_augment: a few of one "
                 "magnitude; trivial_augment_wide: one of any magnitude; auto_augment: a learned "
                 "pair. As torchvision has them, on Pillow's images; timm_rand_augment: timm's "
                 "RandAugment; three_augment: DeiT III's; augmix: the image mixed with chains of "
                 "operations, as torchvision mixes.");
    f.add(
        "operations", operations_schema(),
        [](const nlohmann::json& value, O& to) { to.operations = read_operations(value); },
        [](const O& from) { return write_operations(from.operations); },
        "What is done to the pixels after the policy, in order: a list of objects that each name "
        "an operation, the probability p with which it is done, and options of its own.");
    f.add("views", &O::views,
          "Images made of each: of one crop and flip, the first without policy and operations, the "
          "others each with its own draws of them, as in timm's AugMixDataset; for loss.name=jsd, "
          "or several augmentations in a batch.",
          Limits::between(1, kMostViews));
    return f;
  }();
  return fields;
}

void read_augment(const nlohmann::json& section, AugmentOptions& options) {
  augment_fields().read(section, options);
  options.policy_options = policies().read_own(options.policy, section);
  require_different_views(options);
}

nlohmann::json write_augment(const AugmentOptions& options) {
  nlohmann::json section = augment_fields().write(options);
  policies().write_own(options.policy, options.policy_options, section);
  return section;
}

const OptionFields<EvalOptions>& eval_transform_fields() {
  using O = EvalOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("size", &O::size, "Side of the centred square that is cut out, in pixels.",
          Limits::between(1, kLongestSide));
    f.add("resize", &O::resize, "Shorter side after resizing, in pixels; 0: not resized.",
          Limits::between(0, kLongestSide));
    f.add("interpolation", &O::interpolation, kInterpolations, "As augment.interpolation.");
    f.add(
        "crops", {{"enum", {1, 5, 10}}, {"type", "integer"}},
        [](const nlohmann::json& value, O& to) { to.crops = value.get<int>(); },
        [](const O& from) { return nlohmann::json(from.crops); },
        "Squares of an image whose logits are averaged: 1: the centred one; 5: the corners' and "
        "the centred one, as torchvision's FiveCrop; 10: those of the mirror image, too, as its "
        "TenCrop; so many times the time, and a higher accuracy, which is to be reported as "
        "such.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::data
