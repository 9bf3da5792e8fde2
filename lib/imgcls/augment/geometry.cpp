#include <imgcls/augment/geometry.h>
#include <imgcls/augment/projection.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numbers>

namespace imgcls::data {
namespace {

// Python's math.degrees and math.radians.
double degrees_of(double radians) {
  return radians * (180.0 / std::numbers::pi);
}
double radians_of(double degrees) {
  return degrees * (std::numbers::pi / 180.0);
}

// Python's round(value, 15): to the nearest decimal number, which then becomes the nearest double.
double round_15(double value) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 15);
  double rounded = 0;
  std::from_chars(text.data(), end.ptr, rounded);
  return rounded;
}

void translate(PixelCanvas& canvas, int x, int y, const PixelSettings& settings) {
  const double center_x = canvas.size().width * 0.5, center_y = canvas.size().height * 0.5;
  transform_affine(canvas, inverse_affine(center_x, center_y, {.move_x = x, .move_y = y}),
                   settings);
}

using Pixel = std::array<std::uint8_t, 3>;

// A square, by a right angle; or upside down, of any shape.
void quarter_turns(PixelCanvas& canvas, int degrees) {
  auto* out = reinterpret_cast<Pixel*>(canvas.pixels().data());
  const int width = canvas.size().width, height = canvas.size().height;
  if (degrees == 180) {
    std::reverse(out, out + static_cast<std::ptrdiff_t>(width) * height);
    return;
  }
  const auto* in = reinterpret_cast<const Pixel*>(canvas.copy());
  const std::ptrdiff_t side = width;
  for (std::ptrdiff_t y = 0; y < side; ++y) {
    for (std::ptrdiff_t x = 0; x < side; ++x, ++out) {
      *out = degrees == 90 ? in[x * side + side - 1 - y] : in[(side - 1 - x) * side + y];
    }
  }
}

}  // namespace

AffineMatrix inverse_affine(double center_x, double center_y, const AffineChange& change) {
  const double turn = radians_of(change.degrees);
  const double sx = radians_of(change.shear_x), sy = radians_of(change.shear_y);
  const double a = std::cos(turn - sy) / std::cos(sy);
  const double b = -std::cos(turn - sy) * std::tan(sx) / std::cos(sy) - std::sin(turn);
  const double c = std::sin(turn - sy) / std::cos(sy);
  const double d = -std::sin(turn - sy) * std::tan(sx) / std::cos(sy) + std::cos(turn);
  AffineMatrix m{d, -b, 0, -c, a, 0};
  for (double& each : m) each /= change.scale;
  m[2] += m[0] * (-center_x - change.move_x) + m[1] * (-center_y - change.move_y);
  m[5] += m[3] * (-center_x - change.move_x) + m[4] * (-center_y - change.move_y);
  m[2] += center_x;
  m[5] += center_y;
  return m;
}

void shear_x(PixelCanvas& canvas, double magnitude, const PixelSettings& settings) {
  const AffineChange shear{.shear_x = degrees_of(std::atan(magnitude))};
  transform_affine(canvas, inverse_affine(0, 0, shear), settings);
}

void shear_y(PixelCanvas& canvas, double magnitude, const PixelSettings& settings) {
  const AffineChange shear{.shear_y = degrees_of(std::atan(magnitude))};
  transform_affine(canvas, inverse_affine(0, 0, shear), settings);
}

void translate_x(PixelCanvas& canvas, double magnitude, const PixelSettings& settings) {
  translate(canvas, static_cast<int>(magnitude), 0, settings);
}

void translate_y(PixelCanvas& canvas, double magnitude, const PixelSettings& settings) {
  translate(canvas, 0, static_cast<int>(magnitude), settings);
}

void rotate(PixelCanvas& canvas, double degrees, const PixelSettings& settings) {
  const Size size = canvas.size();
  double turn = std::fmod(degrees, 360.0);
  if (turn < 0) turn += 360.0;
  if (turn == 0) return;
  const bool square = size.width == size.height;
  if (turn == 180 || (square && (turn == 90 || turn == 270))) {
    quarter_turns(canvas, static_cast<int>(turn));
    return;
  }
  const double angle = -radians_of(turn);
  const double cosine = round_15(std::cos(angle)), sine = round_15(std::sin(angle));
  const double minus_sine = round_15(-std::sin(angle));
  const double center_x = size.width / 2.0, center_y = size.height / 2.0;
  AffineMatrix m{cosine, sine, 0, minus_sine, cosine, 0};
  m[2] = m[0] * -center_x + m[1] * -center_y;
  m[5] = m[3] * -center_x + m[4] * -center_y;
  m[2] += center_x;
  m[5] += center_y;
  transform_affine(canvas, m, settings);
}

void affine(PixelCanvas& canvas, double /*magnitude*/, const PixelSettings& settings) {
  AffineMatrix matrix{};
  std::copy_n(settings.numbers.begin(), matrix.size(), matrix.begin());
  transform_affine(canvas, matrix, settings);
}

void perspective(PixelCanvas& canvas, double /*magnitude*/, const PixelSettings& settings) {
  transform_projective(canvas, settings.numbers, settings);
}

void vertical_flip(PixelCanvas& canvas, double /*magnitude*/) {
  std::uint8_t* upper = canvas.pixels().data();
  std::uint8_t* lower = upper + canvas.pixels().size() - canvas.stride();
  for (; upper < lower; upper += canvas.stride(), lower -= canvas.stride()) {
    std::swap_ranges(upper, upper + canvas.stride(), lower);
  }
}

}  // namespace imgcls::data
