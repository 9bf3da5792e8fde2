#include <imgcls/augment/pixel_kernels.h>
#include <imgcls/augment/tone.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace imgcls::data {
namespace {

const PixelKernels& kernels() {
  return pixel_kernels(best_instruction_set());
}

std::size_t pixels_of(const PixelCanvas& canvas) {
  return canvas.pixels().size() / 3;
}

using Table = std::array<std::uint8_t, 256>;
using Tables = std::array<Table, 3>;

Table same() {
  Table table{};
  std::iota(table.begin(), table.end(), std::uint8_t{0});
  return table;
}

void look_up(PixelCanvas& canvas, const Tables& tables) {
  std::uint8_t* at = canvas.pixels().data();
  for (std::size_t left = pixels_of(canvas); left > 0; --left, at += 3) {
    at[0] = tables[0][at[0]];
    at[1] = tables[1][at[1]];
    at[2] = tables[2][at[2]];
  }
}

using Histogram = std::array<std::uint32_t, 256>;

// Neighbouring pixels are often equal. They count in different tables, so that a count need not
// wait for the one before.
std::array<Histogram, 3> histograms(const PixelCanvas& canvas) {
  std::array<Histogram, 3> even{}, odd{};
  const std::uint8_t* at = canvas.pixels().data();
  const std::size_t pixels = pixels_of(canvas);
  for (std::size_t pairs = pixels / 2; pairs > 0; --pairs, at += 6) {
    for (std::size_t c = 0; c < 3; ++c) ++even[c][at[c]];
    for (std::size_t c = 0; c < 3; ++c) ++odd[c][at[c + 3]];
  }
  for (std::size_t c = 0; c < 3; ++c) {
    if (pixels % 2 == 1) ++even[c][at[c]];
    for (std::size_t i = 0; i < 256; ++i) even[c][i] += odd[c][i];
  }
  return even;
}

// ImageOps.equalize's table: the share of the pixels below each value, in 255 steps.
Table even_table(const Histogram& histogram) {
  std::uint64_t all = 0, used = 0, last = 0;
  for (const std::uint32_t count : histogram) {
    all += count;
    if (count == 0) continue;
    ++used;
    last = count;
  }
  const std::uint64_t step = used <= 1 ? 0 : (all - last) / 255;
  if (step == 0) return same();
  Table table{};
  std::uint64_t below = step / 2;
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = static_cast<std::uint8_t>(std::min<std::uint64_t>(below / step, 255));
    below += histogram[i];
  }
  return table;
}

// ImageOps.autocontrast's table.
Table stretched_table(int low, int high) {
  if (high <= low) return same();
  const double scale = 255.0 / (high - low), offset = -low * scale;
  Table table{};
  for (int i = 0; i < 256; ++i) {
    const int value = static_cast<int>(i * scale + offset);
    table[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
  }
  return table;
}

/// v * scale + offset in single precision, for the vector units.
struct Line {
  float scale = 1, offset = 0;

  bool makes(const Table& table, std::size_t i) const {
    float value = static_cast<float>(i) * scale + offset;
    value = std::clamp(value, 0.0F, 255.0F);
    return static_cast<int>(value) == table[i];
  }
};

// The line that makes a stretched channel's table; whether there is one. Single precision may cut a
// value that should be whole to the one below, so the line lies a little higher; as there are only
// 256 values, all of them are looked at.
bool find_line(const Table& table, int low, int high, Line& line) {
  if (high <= low) return true;
  const double scale = 255.0 / (high - low);
  for (const double lift : {0.0, 1e-4, -1e-4}) {
    line = {static_cast<float>(scale), static_cast<float>(-low * scale + lift)};
    bool all = true;
    // Values outside of low .. high do not occur.
    for (int i = low; i <= high; ++i) all = all && line.makes(table, static_cast<std::size_t>(i));
    if (all) return true;
  }
  return false;
}

}  // namespace

void brightness(PixelCanvas& canvas, double magnitude) {
  const auto pixels = canvas.pixels();
  kernels().blend_constant(pixels.data(), pixels.size(), 0, static_cast<float>(1.0 + magnitude));
}

void contrast(PixelCanvas& canvas, double magnitude) {
  const auto pixels = canvas.pixels();
  const std::size_t count = pixels_of(canvas);
  const double mean =
      static_cast<double>(kernels().grey_sum(pixels.data(), count)) / static_cast<double>(count);
  kernels().blend_constant(pixels.data(), pixels.size(), static_cast<int>(mean + 0.5),
                           static_cast<float>(1.0 + magnitude));
}

void posterize(PixelCanvas& canvas, double bits) {
  const auto pixels = canvas.pixels();
  const auto mask = static_cast<std::uint8_t>(0xFF00 >> static_cast<int>(bits));
  kernels().mask(pixels.data(), pixels.size(), mask, 0);
}

void solarize(PixelCanvas& canvas, double threshold) {
  const auto pixels = canvas.pixels();
  const double first = std::ceil(threshold);  // the least whole number that is not below it
  if (first > 255) return;
  kernels().solarize(pixels.data(), pixels.size(), static_cast<std::uint8_t>(std::max(first, 0.0)));
}

void solarize_add(PixelCanvas& canvas, double raise) {
  Table table = same();
  for (std::size_t i = 0; i < 128; ++i) {
    table[i] =
        static_cast<std::uint8_t>(std::min<std::size_t>(255, i + static_cast<std::size_t>(raise)));
  }
  look_up(canvas, {table, table, table});
}

void autocontrast(PixelCanvas& canvas, double /*magnitude*/) {
  std::array<std::uint8_t, 3> low{}, high{};
  const auto pixels = canvas.pixels();
  kernels().extremes(pixels.data(), pixels_of(canvas), low.data(), high.data());
  Tables tables{};
  std::array<float, 3> scale{}, offset{};
  bool lines = true;
  for (std::size_t c = 0; c < 3; ++c) {
    Line line;
    tables[c] = stretched_table(low[c], high[c]);
    lines = lines && find_line(tables[c], low[c], high[c], line);
    scale[c] = line.scale;
    offset[c] = line.offset;
  }
  if (lines) {
    kernels().linear(pixels.data(), pixels_of(canvas), scale.data(), offset.data());
  } else {
    look_up(canvas, tables);
  }
}

void equalize(PixelCanvas& canvas, double /*magnitude*/) {
  const std::array<Histogram, 3> counted = histograms(canvas);
  Tables tables{};
  for (std::size_t c = 0; c < 3; ++c) tables[c] = even_table(counted[c]);
  look_up(canvas, tables);
}

void invert(PixelCanvas& canvas, double /*magnitude*/) {
  const auto pixels = canvas.pixels();
  kernels().mask(pixels.data(), pixels.size(), 0xFF, 0xFF);
}

}  // namespace imgcls::data
