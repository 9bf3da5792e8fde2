#include <imgcls/augment/projection.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace imgcls::data {
namespace {

// A pixel's channels side by side, and a fourth number that is not used.
using Channels = double __attribute__((vector_size(32)));

struct SourceImage {
  const std::uint8_t* pixels;  // with a byte to spare behind the last one
  std::size_t stride;
  int width, height;

  const std::uint8_t* row(int y) const {
    return pixels + static_cast<std::size_t>(std::clamp(y, 0, height - 1)) * stride;
  }
  std::ptrdiff_t column(int x) const { return 3 * std::ptrdiff_t{std::clamp(x, 0, width - 1)}; }
  // Not what is not a number, either.
  bool has(double x, double y) const { return x >= 0 && x < width && y >= 0 && y < height; }
};

// By reference: how a vector is returned differs between processors.
inline void load_channels(const std::uint8_t* pixel, Channels& value) {
  value = Channels{static_cast<double>(pixel[0]), static_cast<double>(pixel[1]),
                   static_cast<double>(pixel[2]), 0};
}

inline void store_cut(const Channels& value, std::uint8_t* out) {
  for (int c = 0; c < 3; ++c) {
    out[c] = static_cast<std::uint8_t>(static_cast<int>(std::clamp(value[c], 0.0, 255.0)));
  }
}

// Pillow's four-point formula, in its order.
inline void cubic(const Channels (&v)[4], double d, Channels& made) {
  const Channels p2 = -v[0] + v[2];
  const Channels p3 = 2.0 * (v[0] - v[1]) + v[2] - v[3];
  const Channels p4 = -v[0] + v[1] - v[2] + v[3];
  made = v[1] + d * (p2 + d * (p3 + d * p4));
}

void nearest_at(const SourceImage& source, double x, double y, std::uint8_t* out) {
  std::memcpy(out, source.row(static_cast<int>(y)) + source.column(static_cast<int>(x)), 3);
}

void bilinear_at(const SourceImage& source, double x, double y, std::uint8_t* out) {
  const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
  const double across = x - 0.5 - left, down = y - 0.5 - top;
  const int column = static_cast<int>(left), row = static_cast<int>(top);
  Channels rows[2];
  for (int k = 0; k < 2; ++k) {
    const std::uint8_t* in = source.row(row + k);
    Channels a, b;
    load_channels(in + source.column(column), a);
    load_channels(in + source.column(column + 1), b);
    rows[k] = a + (b - a) * across;
  }
  store_cut(rows[0] + (rows[1] - rows[0]) * down, out);
}

void bicubic_at(const SourceImage& source, double x, double y, std::uint8_t* out) {
  const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
  const int column = static_cast<int>(left), row = static_cast<int>(top);
  Channels rows[4];
  for (int k = 0; k < 4; ++k) {
    const std::uint8_t* in = source.row(row + k - 1);
    Channels pixels[4];
    for (int i = 0; i < 4; ++i) {
      load_channels(in + source.column(column + i - 1), pixels[i]);
    }
    cubic(pixels, x - 0.5 - left, rows[k]);
  }
  Channels made;
  cubic(rows, y - 0.5 - top, made);
  store_cut(made, out);
}

template <class PixelAt>
void project(PixelCanvas& canvas, const ProjectiveMatrix& m, const PixelSettings& settings,
             const PixelAt& pixel_at) {
  const auto [width, height] = canvas.size();
  const SourceImage source{canvas.copy(), canvas.stride(), width, height};
  std::uint8_t* out = canvas.pixels().data();
  for (int row = 0; row < height; ++row) {
    const double y_out = row + 0.5;
    for (int column = 0; column < width; ++column, out += 3) {
      const double x_out = column + 0.5;
      const double share = m[6] * x_out + m[7] * y_out + 1;
      const double x = (m[0] * x_out + m[1] * y_out + m[2]) / share;
      const double y = (m[3] * x_out + m[4] * y_out + m[5]) / share;
      if (source.has(x, y)) {
        pixel_at(source, x, y, out);
      } else {
        std::memcpy(out, settings.fill.data(), 3);
      }
    }
  }
}

}  // namespace

void transform_projective(PixelCanvas& canvas, const ProjectiveMatrix& matrix,
                          const PixelSettings& settings) {
  switch (settings.sampling) {
    case Sampling::bilinear:
      return project(canvas, matrix, settings, bilinear_at);
    case Sampling::bicubic:
      return project(canvas, matrix, settings, bicubic_at);
    default:
      return project(canvas, matrix, settings, nearest_at);
  }
}

}  // namespace imgcls::data
