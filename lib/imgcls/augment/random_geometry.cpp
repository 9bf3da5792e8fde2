#include <imgcls/augment/geometry.h>
#include <imgcls/augment/random_geometry.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace imgcls::data {
namespace {

constexpr double kFullTurn = 360, kSteepestShear = 89, kLargestScale = 100;

using Equation = std::array<double, 9>;  // eight factors, and what they add up to

// Gauss and Jordan, with the greatest pivot of a column. An image's corners have a solution: each
// keeps its own quarter.
std::array<double, 8> solve(std::array<Equation, 8> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto pivot = std::max_element(
        rows.begin() + static_cast<std::ptrdiff_t>(i), rows.end(),
        [i](const Equation& a, const Equation& b) { return std::abs(a[i]) < std::abs(b[i]); });
    std::swap(rows[i], *pivot);
    for (std::size_t other = 0; other < rows.size(); ++other) {
      if (other == i) continue;
      const double factor = rows[other][i] / rows[i][i];
      for (std::size_t k = i; k < 9; ++k) rows[other][k] -= factor * rows[i][k];
    }
  }
  std::array<double, 8> solution{};
  for (std::size_t i = 0; i < rows.size(); ++i) solution[i] = rows[i][8] / rows[i][i];
  return solution;
}

// An integer from `low` up to `high`, without it.
int drawn_between(Random& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low)));
}

}  // namespace

const OptionFields<RandomRotationOptions>& random_rotation_fields() {
  using O = RandomRotationOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_range("degrees", &O::degrees_min, &O::degrees_max,
                "Least and greatest angle, against the clock.",
                Limits::between(-kFullTurn, kFullTurn));
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

std::vector<PixelStep> RandomRotation::draw(Size /*size*/, Random& random) const {
  const double degrees = single_uniform(random, options_.degrees_min, options_.degrees_max);
  return {pixel_step("rotate", degrees, settings_)};
}

const OptionFields<RandomAffineOptions>& random_affine_fields() {
  using O = RandomAffineOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_range("degrees", &O::degrees_min, &O::degrees_max,
                "Least and greatest angle, with the clock.",
                Limits::between(-kFullTurn, kFullTurn));
    f.add_pair("translate", &O::translate_x, &O::translate_y,
               "How far it is moved at most, either way: shares of width and height.",
               Limits::between(0, 1));
    f.add_range("scale", &O::scale_min, &O::scale_max, "Least and greatest scale.",
                {.above = 0, .maximum = kLargestScale});
    f.add_range("shear_x", &O::shear_x_min, &O::shear_x_max, "Least and greatest shear in degrees.",
                Limits::between(-kSteepestShear, kSteepestShear));
    f.add_range("shear_y", &O::shear_y_min, &O::shear_y_max, "As shear_x.",
                Limits::between(-kSteepestShear, kSteepestShear));
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

std::vector<PixelStep> RandomAffine::draw(Size size, Random& random) const {
  const auto& o = options_;
  const auto moved = [&](double share, int side) {
    const double most = share * side;
    return static_cast<int>(std::nearbyint(single_uniform(random, -most, most)));
  };
  const auto is_open = [](double low, double high) { return low != 0 || high != 0; };
  const bool shears_y = is_open(o.shear_y_min, o.shear_y_max);
  AffineChange change{.degrees = single_uniform(random, o.degrees_min, o.degrees_max)};
  if (is_open(o.translate_x, o.translate_y)) {
    change.move_x = moved(o.translate_x, size.width);
    change.move_y = moved(o.translate_y, size.height);
  }
  if (o.scale_min != 1 || o.scale_max != 1) {
    change.scale = single_uniform(random, o.scale_min, o.scale_max);
  }
  if (shears_y || is_open(o.shear_x_min, o.shear_x_max)) {
    change.shear_x = single_uniform(random, o.shear_x_min, o.shear_x_max);
  }
  if (shears_y) change.shear_y = single_uniform(random, o.shear_y_min, o.shear_y_max);
  const AffineMatrix matrix = inverse_affine(size.width * 0.5, size.height * 0.5, change);
  PixelSettings settings = settings_;
  std::copy(matrix.begin(), matrix.end(), settings.numbers.begin());
  return {pixel_step("affine", 0, settings)};
}

const OptionFields<RandomPerspectiveOptions>& random_perspective_fields() {
  using O = RandomPerspectiveOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("distortion", &O::distortion,
          "How far the corners move inwards at most: the share of half a side.",
          Limits::between(0, 1));
    f.include(&O::settings, policy_settings_fields());
    return f;
  }();
  return fields;
}

std::vector<PixelStep> RandomPerspective::draw(Size size, Random& random) const {
  const int w = size.width, h = size.height;
  if (w < 2 || h < 2) return {};  // its corners are not four places
  const auto across = static_cast<int>(options_.distortion * (w / 2));
  const auto down = static_cast<int>(options_.distortion * (h / 2));
  const auto left = [&] { return drawn_between(random, 0, across + 1); };
  const auto right = [&] { return drawn_between(random, w - across - 1, w); };
  const auto upper = [&] { return drawn_between(random, 0, down + 1); };
  const auto lower = [&] { return drawn_between(random, h - down - 1, h); };
  const Corners to{{{left(), upper()}, {right(), upper()}, {right(), lower()}, {left(), lower()}}};
  const Corners from{{{0, 0}, {w - 1, 0}, {w - 1, h - 1}, {0, h - 1}}};
  PixelSettings settings = settings_;
  settings.numbers = perspective_coefficients(from, to);
  return {pixel_step("perspective", 0, settings)};
}

ProjectiveMatrix perspective_coefficients(const Corners& from, const Corners& to) {
  std::array<Equation, 8> rows{};
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double x = to[i][0], y = to[i][1], u = from[i][0], v = from[i][1];
    rows[2 * i] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
    rows[2 * i + 1] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
  }
  ProjectiveMatrix matrix = solve(rows);
  for (double& each : matrix) each = static_cast<float>(each);
  return matrix;
}

}  // namespace imgcls::data
