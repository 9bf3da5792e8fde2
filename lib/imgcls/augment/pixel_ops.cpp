#include <imgcls/augment/box_blur.h>
#include <imgcls/augment/color.h>
#include <imgcls/augment/geometry.h>
#include <imgcls/augment/kernel_blur.h>
#include <imgcls/augment/pixel_mix.h>
#include <imgcls/augment/pixel_ops.h>
#include <imgcls/augment/random_erase.h>
#include <imgcls/augment/sharpness.h>
#include <imgcls/augment/tone.h>
#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::data {
namespace {

using Tone = void (*)(PixelCanvas&, double);

// For operations that need no settings.
auto alone(Tone function) {
  return [function](PixelCanvas& canvas, double magnitude, const PixelSettings&) {
    function(canvas, magnitude);
  };
}

std::vector<PixelOperation> all() {
  constexpr double kFarthest = 65535, kTurn = 360, kSteepest = 10, kMost = 10;
  return {
      {"identity", "nothing", 0, 0, [](PixelCanvas&, double, const PixelSettings&) {}},
      {"shear_x", "rows moved; magnitude: by how many pixels for each row", -kSteepest, kSteepest,
       shear_x},
      {"shear_y", "columns moved; magnitude: by how many pixels for each column", -kSteepest,
       kSteepest, shear_y},
      {"translate_x", "moved right; magnitude: pixels, cut to whole ones", -kFarthest, kFarthest,
       translate_x},
      {"translate_y", "moved down; magnitude: pixels, cut to whole ones", -kFarthest, kFarthest,
       translate_y},
      {"rotate", "turned about the centre; magnitude: degrees, against the clock", -kTurn, kTurn,
       rotate},
      {"brightness", "blended with black; magnitude: the share of the image, less 1", -1, kMost,
       alone(brightness)},
      {"color", "blended with its own grey; magnitude: the share of the image, less 1", -1, kMost,
       alone(color)},
      {"contrast", "blended with its mean grey; magnitude: the share of the image, less 1", -1,
       kMost, alone(contrast)},
      {"sharpness", "blended with itself, smoothed; magnitude: the share of the image, less 1", -1,
       kMost, alone(sharpness)},
      {"posterize", "the upper bits of each value; magnitude: how many", 0, 8, alone(posterize)},
      {"solarize", "values inverted; magnitude: from which one on", 0, 256, alone(solarize)},
      {"solarize_add", "values below 128 raised; magnitude: by how much", 0, 255,
       alone(solarize_add)},
      {"autocontrast", "each channel stretched to 0 .. 255", 0, 0, alone(autocontrast)},
      {"equalize", "each channel's histogram made even", 0, 0, alone(equalize)},
      {"invert", "the negative", 0, 0, alone(invert)},
      {"grayscale", "grey, in three equal channels", 0, 0, alone(grayscale)},
      {"hue", "colours turned; magnitude: of a whole turn", -0.5, 0.5, alone(hue)},
      {"vertical_flip", "upside down", 0, 0, alone(vertical_flip)},
      {"gaussian_blur",
       "blurred; magnitude: sigma in pixels; numbers: the kernel's width and height, odd", 0,
       kFarthest, gaussian_blur},
      {"gaussian_blur_pillow", "blurred by three boxes; magnitude: the radius in pixels", 0,
       kFarthest, alone(gaussian_blur_pillow)},
      {"affine", "numbers: a b c d e f; the pixel at x, y comes from a x + b y + c, d x + e y + f",
       0, 0, affine},
      {"perspective", "numbers: a to h; as affine, both divided by g x + h y + 1", 0, 0,
       perspective},
      {"erase", "a rectangle painted over; numbers: its x, y, width, height", 0, 0, erase},
      {"mix", "itself, mixed with what chains of operations make of it (pixel_mix.h)", 0, 0, mix},
  };
}

}  // namespace

std::span<std::uint8_t> PixelCanvas::spare() {
  if (spare_.size() < pixels_.size() + 1) spare_.resize(pixels_.size() + 1);
  return std::span(spare_).first(pixels_.size());
}

const std::uint8_t* PixelCanvas::copy() {
  std::copy(pixels_.begin(), pixels_.end(), spare().begin());
  return spare_.data();
}

const PixelOperation& PixelOperations::at(std::string_view name) const {
  if (const PixelOperation* found = operations_.find(name)) return *found;
  throw ConfigError(
      fmt::format("there is no image operation \"{}\"; {}", name, known_names(name, names())));
}

void PixelOperations::add(PixelOperation operation) {
  if (operations_.find(operation.name) != nullptr) {
    throw ConfigError(fmt::format("there is an image operation \"{}\" already", operation.name));
  }
  operations_.push_back(std::move(operation));
}

PixelOperations& pixel_operations() {
  static PixelOperations known(all());
  return known;
}

PixelStep pixel_step(std::string_view name, double magnitude, const PixelSettings& settings) {
  const PixelOperation& operation = pixel_operations().at(name);
  if (magnitude >= operation.minimum && magnitude <= operation.maximum) {
    return {&operation, magnitude, settings};
  }
  if (!operation.has_magnitude()) {
    throw ConfigError(
        fmt::format("the image operation \"{}\" has no magnitude, but is given {}; expected 0",
                    name, magnitude));
  }
  throw ConfigError(
      fmt::format("the image operation \"{}\" has a magnitude of {}; expected {} to {} ({})", name,
                  magnitude, operation.minimum, operation.maximum, operation.summary));
}

void apply_steps(std::span<const PixelStep> steps, PixelCanvas canvas) {
  if (canvas.pixels().empty()) return;
  for (const PixelStep& step : steps) {
    step.operation->apply(canvas, step.magnitude, step.settings);
  }
}

}  // namespace imgcls::data
