#include <imgcls/augment/affine.h>
#include <imgcls/augment/projection.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace imgcls::data {
namespace {

/// A row's pixels from `begin` up to `end`.
struct Span {
  int begin = 0, end = 0;
};

Span intersection(Span a, Span b) {
  const int begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

// Fills a row outside of `inside`.
void fill_outside(std::uint8_t* row, int width, Span inside,
                  const std::array<std::uint8_t, 3>& color) {
  const auto fill = [&](int begin, int end) {
    if (color[0] == color[1] && color[0] == color[2]) {
      std::memset(row + 3 * begin, color[0], 3 * static_cast<std::size_t>(end - begin));
      return;
    }
    for (int x = begin; x < end; ++x) std::memcpy(row + 3 * x, color.data(), 3);
  };
  fill(0, inside.begin);
  fill(inside.end, width);
}

/// Coordinates of the source along a row of the output, in 16.16 fixed point. They do not overflow:
/// `fits_fixed` looks at the corners.
struct Fixed {
  static constexpr int kBits = 16;
  std::int64_t start, step;

  /// Where along the row they lie in [0, size).
  Span inside(int size, int width) const {
    const std::int64_t limit = std::int64_t{size} << kBits;
    if (step == 0) return start >= 0 && start < limit ? Span{0, width} : Span{0, 0};
    // The first x that is not too small, and the first that is too large; mirrored for step < 0.
    const std::int64_t from = step > 0 ? start : limit - 1 - start;
    const std::int64_t by = std::abs(step);
    const std::int64_t first = from >= 0 ? 0 : (-from + by - 1) / by;
    const std::int64_t last = from >= limit ? 0 : (limit - from + by - 1) / by;
    const auto cut = [&](std::int64_t x) {
      return static_cast<int>(std::min<std::int64_t>(x, width));
    };
    return intersection({cut(first), cut(last)}, {0, width});
  }
};

std::int64_t to_fixed(double value) {
  return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5));
}

bool fits_fixed(const AffineMatrix& m, Size size) {
  constexpr double kFarthest = 32768.0;
  for (const double x : {0.0, static_cast<double>(size.width)}) {
    for (const double y : {0.0, static_cast<double>(size.height)}) {
      if (!(std::abs(x * m[0] + y * m[1] + m[2]) < kFarthest)) return false;
      if (!(std::abs(x * m[3] + y * m[4] + m[5]) < kFarthest)) return false;
    }
  }
  return true;
}

// Pixels are taken as four bytes, which is one instruction each way: the copy has a byte to spare,
// and the fourth byte written is overwritten by the next pixel; the last one is written alone.
void copy_nearest(const std::uint8_t* in, std::size_t stride, Fixed x, Fixed y, std::uint8_t* out,
                  int count) {
  const auto at = [&] {
    return in + static_cast<std::size_t>(y.start >> Fixed::kBits) * stride +
           3 * (x.start >> Fixed::kBits);
  };
  for (int i = 1; i < count; ++i, out += 3) {
    std::memcpy(out, at(), 4);
    x.start += x.step;
    y.start += y.step;
  }
  std::memcpy(out, at(), 3);
}

void nearest_fixed(PixelCanvas& canvas, const AffineMatrix& m, const PixelSettings& settings) {
  const auto [width, height] = canvas.size();
  const std::size_t stride = canvas.stride();
  const std::uint8_t* in = canvas.copy();
  std::uint8_t* out = canvas.pixels().data();
  Fixed x{to_fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), to_fixed(m[0])};
  Fixed y{to_fixed(m[5] + m[3] * 0.5 + m[4] * 0.5), to_fixed(m[3])};
  const std::int64_t down_x = to_fixed(m[1]), down_y = to_fixed(m[4]);
  for (int row = 0; row < height; ++row, out += stride) {
    const Span span = intersection(x.inside(width, width), y.inside(height, width));
    fill_outside(out, width, span, settings.fill);
    if (span.begin < span.end) {
      const int count = span.end - span.begin;
      const std::int64_t at_x = x.start + span.begin * x.step;
      const std::int64_t at_y = y.start + span.begin * y.step;
      if (x.step == 65536 && y.step == 0) {
        std::memcpy(out + 3 * span.begin,
                    in + static_cast<std::size_t>(at_y >> 16) * stride + 3 * (at_x >> 16),
                    3 * static_cast<std::size_t>(count));
      } else {
        copy_nearest(in, stride, {at_x, x.step}, {at_y, y.step}, out + 3 * span.begin, count);
      }
    }
    x.start += down_x;
    y.start += down_y;
  }
}

// Outside is -1; so is what is not a number.
int coordinate(double value, int size) {
  return value >= 0 && value < size ? static_cast<int>(value) : -1;
}

// Neither sheared nor turned: a column comes from one column.
void nearest_scaled(PixelCanvas& canvas, const AffineMatrix& m, const PixelSettings& settings) {
  const auto [width, height] = canvas.size();
  const std::size_t stride = canvas.stride();
  const std::uint8_t* in = canvas.copy();
  std::uint8_t* out = canvas.pixels().data();
  std::vector<int> columns(static_cast<std::size_t>(width));
  double x = m[2] + m[0] * 0.5, y = m[5] + m[4] * 0.5;
  Span span{width, 0};
  bool shifted = true;  // each column comes from the one beside the last one's
  for (int i = 0; i < width; ++i, x += m[0]) {
    const int column = coordinate(x, width);
    columns[static_cast<std::size_t>(i)] = column;
    if (column < 0) continue;
    shifted = shifted && (i < span.begin || column == columns[static_cast<std::size_t>(i) - 1] + 1);
    span = {std::min(span.begin, i), i + 1};
  }
  for (int i = 0; i < height; ++i, out += stride, y += m[4]) {
    const int row = coordinate(y, height);
    const Span used = row < 0 || span.begin >= span.end ? Span{0, 0} : span;
    fill_outside(out, width, used, settings.fill);
    if (used.end == 0) continue;
    const std::uint8_t* from = in + static_cast<std::size_t>(row) * stride;
    if (shifted) {
      std::memcpy(out + 3 * used.begin, from + 3 * columns[static_cast<std::size_t>(used.begin)],
                  3 * static_cast<std::size_t>(used.end - used.begin));
      continue;
    }
    for (int j = used.begin; j < used.end; ++j) {
      std::memcpy(out + 3 * j, from + 3 * columns[static_cast<std::size_t>(j)], 3);
    }
  }
}

// For images too large for fixed point.
void nearest_far(PixelCanvas& canvas, const AffineMatrix& m, const PixelSettings& settings) {
  const auto [width, height] = canvas.size();
  const std::size_t stride = canvas.stride();
  const std::uint8_t* in = canvas.copy();
  std::uint8_t* out = canvas.pixels().data();
  double x0 = m[2] + m[1] * 0.5 + m[0] * 0.5, y0 = m[5] + m[4] * 0.5 + m[3] * 0.5;
  for (int row = 0; row < height; ++row, x0 += m[1], y0 += m[4]) {
    double x = x0, y = y0;
    for (int i = 0; i < width; ++i, out += 3, x += m[0], y += m[3]) {
      const int from_x = coordinate(x, width), from_y = coordinate(y, height);
      const bool inside = from_x >= 0 && from_y >= 0;
      std::memcpy(out,
                  inside ? in + static_cast<std::size_t>(from_y) * stride + 3 * from_x
                         : settings.fill.data(),
                  3);
    }
  }
}

}  // namespace

void transform_affine(PixelCanvas& canvas, const AffineMatrix& matrix,
                      const PixelSettings& settings) {
  const bool scaled = matrix[1] == 0 && matrix[3] == 0;
  // A shift by whole pixels: the weights of all others are 0.
  const bool shifted = scaled && matrix[0] == 1 && matrix[4] == 1 &&
                       matrix[2] == std::trunc(matrix[2]) && matrix[5] == std::trunc(matrix[5]);
  if (settings.sampling != Sampling::nearest && !shifted) {
    ProjectiveMatrix projective{};
    std::copy(matrix.begin(), matrix.end(), projective.begin());
    transform_projective(canvas, projective, settings);
  } else if (scaled) {
    nearest_scaled(canvas, matrix, settings);
  } else if (fits_fixed(matrix, canvas.size())) {
    nearest_fixed(canvas, matrix, settings);
  } else {
    nearest_far(canvas, matrix, settings);
  }
}

}  // namespace imgcls::data
