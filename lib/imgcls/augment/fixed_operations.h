#pragma once
// Operations that leave nothing to chance, as links of a chain: the magnitude is the option's.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// Always the same step; draws nothing.
class FixedOperation : public Policy {
 public:
  explicit FixedOperation(const PixelStep& step) : step_(step) {}
  std::vector<PixelStep> draw(Size /*size*/, Random& /*random*/) const override { return {step_}; }

 private:
  PixelStep step_;
};

struct SolarizeOptions {
  /// The least value that is inverted.
  double threshold = 128;
};
const OptionFields<SolarizeOptions>& solarize_fields();

class Solarize final : public FixedOperation {
 public:
  explicit Solarize(const SolarizeOptions& options)
      : FixedOperation(pixel_step("solarize", options.threshold)) {}
};

struct PosterizeOptions {
  /// Bits that are kept, 1 to 8.
  int bits = 4;
};
const OptionFields<PosterizeOptions>& posterize_fields();

class Posterize final : public FixedOperation {
 public:
  explicit Posterize(const PosterizeOptions& options)
      : FixedOperation(pixel_step("posterize", options.bits)) {}
};

struct SharpnessOptions {
  /// 0: smoothed, 1: unchanged, above: sharper.
  double factor = 2;
};
const OptionFields<SharpnessOptions>& sharpness_fields();

class Sharpness final : public FixedOperation {
 public:
  explicit Sharpness(const SharpnessOptions& options)
      : FixedOperation(pixel_step("sharpness", options.factor - 1)) {}
};

}  // namespace imgcls::data
