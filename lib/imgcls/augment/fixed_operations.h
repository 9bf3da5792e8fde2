#pragma once
// Operations that leave nothing to chance, as links of a chain: the magnitude is the option's.

#include <imgcls/augment/policy.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::data {

/// Always the same step; draws nothing.
class FixedOperation : public Policy {
 public:
  explicit FixedOperation(const PixelStep& step) : step_(step) {}  ///< of any operation on pixels
  std::vector<PixelStep> draw(Size /*size*/, Random& /*random*/) const override { return {step_}; }

 private:
  PixelStep step_;
};

/// What is inverted.
struct SolarizeOptions {
  /// The least value that is inverted.
  double threshold = 128;
};
const OptionFields<SolarizeOptions>& solarize_fields();  ///< keys of the operation "solarize"

/// Inverts bright values: those at or above the threshold.
class Solarize final : public FixedOperation {
 public:
  /// With the magnitude of `options`.
  explicit Solarize(const SolarizeOptions& options)
      : FixedOperation(pixel_step("solarize", options.threshold)) {}
};

/// How coarse values become.
struct PosterizeOptions {
  /// Bits that are kept, 1 to 8.
  int bits = 4;
};
const OptionFields<PosterizeOptions>& posterize_fields();  ///< keys of the operation "posterize"

/// Keeps the upper bits of each value.
class Posterize final : public FixedOperation {
 public:
  /// With the magnitude of `options`.
  explicit Posterize(const PosterizeOptions& options)
      : FixedOperation(pixel_step("posterize", options.bits)) {}
};

/// How sharp images become.
struct SharpnessOptions {
  /// 0: smoothed, 1: unchanged, above: sharper.
  double factor = 2;
};
const OptionFields<SharpnessOptions>& sharpness_fields();  ///< keys of the operation "sharpness"

/// Between the smoothed image and the one as it is, or beyond it.
class Sharpness final : public FixedOperation {
 public:
  /// With the magnitude of `options`.
  explicit Sharpness(const SharpnessOptions& options)
      : FixedOperation(pixel_step("sharpness", options.factor - 1)) {}
};

}  // namespace imgcls::data
