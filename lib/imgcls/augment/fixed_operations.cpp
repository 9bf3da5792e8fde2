#include <imgcls/augment/fixed_operations.h>

namespace imgcls::data {

const OptionFields<SolarizeOptions>& solarize_fields() {
  static const OptionFields<SolarizeOptions> fields = [] {
    OptionFields<SolarizeOptions> f;
    f.add("threshold", &SolarizeOptions::threshold, "The least value that is inverted.",
          Limits::between(0, 256));
    return f;
  }();
  return fields;
}

const OptionFields<PosterizeOptions>& posterize_fields() {
  static const OptionFields<PosterizeOptions> fields = [] {
    OptionFields<PosterizeOptions> f;
    f.add("bits", &PosterizeOptions::bits, "Upper bits of each value that are kept.",
          Limits::between(1, 8));
    return f;
  }();
  return fields;
}

const OptionFields<SharpnessOptions>& sharpness_fields() {
  static const OptionFields<SharpnessOptions> fields = [] {
    constexpr double kSharpest = 11;
    OptionFields<SharpnessOptions> f;
    f.add("factor", &SharpnessOptions::factor, "0: smoothed, 1: unchanged, above: sharper.",
          Limits::between(0, kSharpest));
    return f;
  }();
  return fields;
}

}  // namespace imgcls::data
