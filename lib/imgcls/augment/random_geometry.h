#pragma once
// Random rotations, affine and perspective changes, as links of a chain, in the form of torchvision
// 0.29's RandomRotation, RandomAffine and RandomPerspective. The image keeps its size.

#include <imgcls/augment/policy.h>
#include <imgcls/augment/policy_space.h>
#include <imgcls/augment/projection.h>
#include <imgcls/core/option_fields.h>

#include <array>

namespace imgcls::data {

/// How far the image is turned.
struct RandomRotationOptions {
  /// Ends of the angle, against the clock.
  double degrees_min = -15, degrees_max = 15;
  PolicySettings settings = {};  ///< how pixels are made, and the colour of what comes from outside
};
/// Keys of the operation "rotation".
const OptionFields<RandomRotationOptions>& random_rotation_fields();

/// Turns the image about its centre.
class RandomRotation final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit RandomRotation(const RandomRotationOptions& options)
      : options_(options), settings_(pixel_settings(options.settings)) {}
  /// Draws the angle.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomRotationOptions options_;
  PixelSettings settings_;
};

/// How far the image is turned, moved, scaled and sheared.
struct RandomAffineOptions {
  /// Ends of the angle, with the clock.
  double degrees_min = 0, degrees_max = 0;
  /// How far it is moved at most, either way: shares of the width and of the height.
  double translate_x = 0, translate_y = 0;
  double scale_min = 1, scale_max = 1;  ///< ends of the factor of its size, above 0
  /// Ends of the shears, in degrees.
  double shear_x_min = 0, shear_x_max = 0, shear_y_min = 0, shear_y_max = 0;
  PolicySettings settings = {};  ///< how pixels are made, and the colour of what comes from outside
};
/// Keys of the operation "affine".
const OptionFields<RandomAffineOptions>& random_affine_fields();

/// Turns, scales and shears the image about its centre, and moves it.
class RandomAffine final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit RandomAffine(const RandomAffineOptions& options)
      : options_(options), settings_(pixel_settings(options.settings)) {}
  /// Draws the angle; x and y of the translation, the scale, shear x and shear y only where the
  /// options leave something to draw of them (of shear x, also where they do of shear y).
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomAffineOptions options_;
  PixelSettings settings_;
};

/// How far the image is distorted.
struct RandomPerspectiveOptions {
  /// How far the corners move inwards at most: the share of half a side, 0 to 1.
  double distortion = 0.5;
  PolicySettings settings = {};  ///< how pixels are made, and the colour of what comes from outside
};
/// Keys of the operation "perspective".
const OptionFields<RandomPerspectiveOptions>& random_perspective_fields();

/// Moves the image's corners inwards, each by itself.
class RandomPerspective final : public Policy {
 public:
  /// Throws ConfigError for a colour outside of 0 to 255.
  explicit RandomPerspective(const RandomPerspectiveOptions& options)
      : options_(options), settings_(pixel_settings(options.settings)) {}
  /// Draws x and y of the corners, from the upper left one with the clock. Nothing is drawn or done
  /// for an image of a single row or column.
  std::vector<PixelStep> draw(Size size, Random& random) const override;

 private:
  RandomPerspectiveOptions options_;
  PixelSettings settings_;
};

/// Corners x, y from the upper left one with the clock.
using Corners = std::array<std::array<int, 2>, 4>;

/// What brings the corners `from` to the places `to`: torchvision's _get_perspective_coeffs. Solved
/// in double precision and rounded to single precision, as there; by elimination instead of
/// LAPACK's least squares, so that the last bit may differ.
ProjectiveMatrix perspective_coefficients(const Corners& from, const Corners& to);

}  // namespace imgcls::data
