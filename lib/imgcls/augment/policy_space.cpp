#include <imgcls/augment/policy_space.h>

#include <cmath>

namespace imgcls::data {
namespace {

constexpr Names<Sampling, 3> kSamplings{{{Sampling::nearest, "nearest"},
                                         {Sampling::bilinear, "bilinear"},
                                         {Sampling::bicubic, "bicubic"}}};

/// How far the operations of a space go.
struct Ends {
  double shear, translate_x, translate_y, rotate, blend, bits;
};

PolicySpace space(const Ends& ends) {
  return {{{.name = "identity"},
           {.name = "shear_x", .last = ends.shear, .either_sign = true},
           {.name = "shear_y", .last = ends.shear, .either_sign = true},
           {.name = "translate_x", .last = ends.translate_x, .either_sign = true},
           {.name = "translate_y", .last = ends.translate_y, .either_sign = true},
           {.name = "rotate", .last = ends.rotate, .either_sign = true},
           {.name = "brightness", .last = ends.blend, .either_sign = true},
           {.name = "color", .last = ends.blend, .either_sign = true},
           {.name = "contrast", .last = ends.blend, .either_sign = true},
           {.name = "sharpness", .last = ends.blend, .either_sign = true},
           {.name = "posterize", .first = 8, .last = ends.bits, .whole = true},
           {.name = "solarize", .first = 255, .last = 0},
           {.name = "autocontrast"},
           {.name = "equalize"}}};
}

}  // namespace

double ScaledOperation::magnitude(int bin, int bins) const {
  if (!has_scale()) return 0;
  if (whole) {
    const double bins_a_step = (bins - 1) / (first - last);
    const float steps = static_cast<float>(bin) / static_cast<float>(bins_a_step);
    return first - static_cast<double>(std::nearbyint(steps));
  }
  const auto begin = static_cast<float>(first), end = static_cast<float>(last);
  const float step = (end - begin) / static_cast<float>(bins - 1);
  // From the nearer end, so that both ends are exact.
  return bin < bins / 2 ? std::fma(step, static_cast<float>(bin), begin)
                        : std::fma(-step, static_cast<float>(bins - 1 - bin), end);
}

PolicySpace moderate_space(Size size) {
  constexpr double kShare = 150.0 / 331.0;
  return space({.shear = 0.3,
                .translate_x = kShare * size.width,
                .translate_y = kShare * size.height,
                .rotate = 30,
                .blend = 0.9,
                .bits = 4});
}

const PolicySpace& wide_space() {
  static const PolicySpace wide = space({.shear = 0.99,
                                         .translate_x = 32,
                                         .translate_y = 32,
                                         .rotate = 135,
                                         .blend = 0.99,
                                         .bits = 2});
  return wide;
}

std::array<ScaledOperation, kAugMixSpaceSize> aug_mix_space(Size size) {
  const double width = size.width, height = size.height;
  return {{{.name = "shear_x", .last = 0.3, .either_sign = true},
           {.name = "shear_y", .last = 0.3, .either_sign = true},
           {.name = "translate_x", .last = width / 3, .either_sign = true},
           {.name = "translate_y", .last = height / 3, .either_sign = true},
           {.name = "rotate", .last = 30, .either_sign = true},
           {.name = "posterize", .first = 4, .last = 0, .whole = true},
           {.name = "solarize", .first = 255, .last = 0},
           {.name = "autocontrast"},
           {.name = "equalize"},
           {.name = "brightness", .last = 0.9, .either_sign = true},
           {.name = "color", .last = 0.9, .either_sign = true},
           {.name = "contrast", .last = 0.9, .either_sign = true},
           {.name = "sharpness", .last = 0.9, .either_sign = true}}};
}

const OptionFields<PolicySettings>& policy_settings_fields() {
  using O = PolicySettings;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("interpolation", &O::sampling, kSamplings,
          "How moved pixels are made: nearest, as torchvision's classes do unless told otherwise; "
          "bilinear, as its training recipes do; bicubic.");
    f.add("fill", &O::fill, "Colour of what is moved in from outside: R, G, B.",
          Limits::between(0, 255));
    return f;
  }();
  return fields;
}

PixelSettings pixel_settings(const PolicySettings& settings) {
  PixelSettings made{.sampling = settings.sampling};
  for (std::size_t c = 0; c < 3; ++c) {
    const int value = settings.fill[c];
    if (value < 0 || value > 255) {
      throw ConfigError(
          fmt::format("an augmentation policy's fill has {}; expected 0 to 255", value));
    }
    made.fill[c] = static_cast<std::uint8_t>(value);
  }
  return made;
}

}  // namespace imgcls::data
