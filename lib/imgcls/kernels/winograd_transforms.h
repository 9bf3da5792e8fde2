// Winograd's F(4x4, 3x3) with the points 0, 3/4, -3/4, 3/2, -3/2 and infinity, eight channels at a
// time. These points have 1.1 to 2.3 times the error of a direct sum where 0, 1, -1, 2, -2 have
// eight times. All factors of the transforms are exact: the weights' denominators are one factor,
// by which weights are multiplied before, and their gradient after. Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks" (2016), for the scheme. Internal to
// imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/eight.h>

namespace imgcls::kernels {
namespace {

constexpr float kA = 0.75F, kB = 1.5F;  // the points
constexpr float kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA;
// The weights' factors are 1 / (a^2 b^2), 1 / (2 a^2 (a^2 - b^2)), 1 / (2 b^2 (b^2 - a^2)) and 1,
// which are 6, -4, 1 and 243 / 32 times 32 / 243.
constexpr float kG0 = 6, kGa = -4, kGInfinity = 243.0F / 32;
constexpr float kGScale = static_cast<float>(32.0 * 32 / (243 * 243));  // both ways

// B^T d: of six values in a row.
inline void input_line(const Eight (&d)[6], Eight (&made)[6]) {
  const Eight minus_a2 = all(-kA2), minus_b2 = all(-kB2);
  const Eight a_even = fused(minus_b2, d[2], d[4]), a_odd = fused(minus_b2, d[1], d[3]);
  const Eight b_even = fused(minus_a2, d[2], d[4]), b_odd = fused(minus_a2, d[1], d[3]);
  const Eight ends = all(kA2 * kB2), middle = all(-(kA2 + kB2));
  made[0] = fused(ends, d[0], fused(middle, d[2], d[4]));
  made[1] = fused(all(kA), a_odd, a_even);
  made[2] = fused(all(-kA), a_odd, a_even);
  made[3] = fused(all(kB), b_odd, b_even);
  made[4] = fused(all(-kB), b_odd, b_even);
  made[5] = fused(ends, d[1], fused(middle, d[3], d[5]));
}

// A y: of four values in a row.
inline void gradient_line(const Eight (&y)[4], Eight (&made)[6]) {
  const Eight a_even = fused(all(kA2), y[2], y[0]), a_odd = fused(all(kA2), y[3], y[1]);
  const Eight b_even = fused(all(kB2), y[2], y[0]), b_odd = fused(all(kB2), y[3], y[1]);
  made[0] = y[0];
  made[1] = fused(all(kA), a_odd, a_even);
  made[2] = fused(all(-kA), a_odd, a_even);
  made[3] = fused(all(kB), b_odd, b_even);
  made[4] = fused(all(-kB), b_odd, b_even);
  made[5] = y[3];
}

// A^T m: of six values in a row.
inline void output_line(const Eight (&m)[6], Eight (&made)[4]) {
  constexpr float kRatio = kB / kA;
  const Eight a_sum = plus(m[1], m[2]), a_difference = minus(m[1], m[2]);
  const Eight b_sum = plus(m[3], m[4]), b_difference = minus(m[3], m[4]);
  made[0] = plus(m[0], plus(a_sum, b_sum));
  made[1] = times(fused(all(kRatio), b_difference, a_difference), kA);
  made[2] = times(fused(all(kRatio * kRatio), b_sum, a_sum), kA2);
  made[3] = fused(all(kA3), fused(all(kRatio * kRatio * kRatio), b_difference, a_difference), m[5]);
}

// G g: of three values in a row.
inline void weight_line(const Eight (&g)[3], Eight (&made)[6]) {
  const Eight a_even = fused(all(kGa * kA2), g[2], times(g[0], kGa));
  const Eight b_even = fused(all(kB2), g[2], g[0]);
  made[0] = times(g[0], kG0);
  made[1] = fused(all(kGa * kA), g[1], a_even);
  made[2] = fused(all(-kGa * kA), g[1], a_even);
  made[3] = fused(all(kB), g[1], b_even);
  made[4] = fused(all(-kB), g[1], b_even);
  made[5] = times(g[2], kGInfinity);
}

// G^T m: of six values in a row.
inline void weight_gradient_line(const Eight (&m)[6], Eight (&made)[3]) {
  const Eight a_sum = plus(m[1], m[2]), b_sum = plus(m[3], m[4]);
  const Eight a_difference = minus(m[1], m[2]), b_difference = minus(m[3], m[4]);
  made[0] = fused(all(kG0), m[0], fused(all(kGa), a_sum, b_sum));
  made[1] = fused(all(kGa * kA), a_difference, times(b_difference, kB));
  made[2] = fused(all(kGInfinity), m[5], fused(all(kGa * kA2), a_sum, times(b_sum, kB2)));
}

// A line for every column, then one for every row of what that made. Not unrolled, lines stay in
// registers: GCC 12 keeps the values of all lines of an unrolled loop in memory.
template <int from, int to, class Load, class Line, class Store>
inline void both_ways(const Load& load_column, const Line& line, const Store& store_row) {
  Eight half[to][from];
#pragma GCC unroll 1
  for (int column = 0; column < from; ++column) {
    Eight in[from], out[to];
    load_column(column, in);
    line(in, out);
    for (int i = 0; i < to; ++i) half[i][column] = out[i];
  }
#pragma GCC unroll 1
  for (int row = 0; row < to; ++row) {
    Eight out[to];
    line(half[row], out);
    store_row(row, out);
  }
}

// A square of pixels from (y, x), of which some may lie outside of the image, where zeros are.
template <int side>
struct Square {
  const float* pixels;
  std::ptrdiff_t channels, row_stride, corner;
  int top, bottom, left, right;  // of the rows and columns that lie inside

  Square(const ImageView& image, int y, int x)
      : pixels(image.pixels),
        channels(static_cast<std::ptrdiff_t>(image.channels)),
        row_stride(image.width * channels),
        corner(y * row_stride + x * channels),
        top(y < 0 ? -y : 0),
        bottom(image.height - y < side ? image.height - y : side),
        left(x < 0 ? -x : 0),
        right(image.width - x < side ? image.width - x : side) {}

  bool is_whole() const { return top == 0 && left == 0 && bottom == side && right == side; }

  // Eight channels of a column, of a square that is whole, and of any.
  void load_whole(std::ptrdiff_t channel, int column, Eight (&values)[side]) const {
    const float* at = pixels + corner + column * channels + channel;
    for (Eight& value : values) {
      value = load(at);
      at += row_stride;
    }
  }
  void load_some(std::ptrdiff_t channel, int column, Eight (&values)[side]) const {
    const bool inside = column >= left && column < right;
    std::ptrdiff_t at = corner + column * channels + channel;
    for (int row = 0; row < side; ++row, at += row_stride) {
      values[row] = inside && row >= top && row < bottom ? load(pixels + at) : zero();
    }
  }
};

// Keeps a row of a tile's values at their positions.
inline auto into_rows(float* out, std::size_t position_stride) {
  return [=](int row, const Eight(&values)[kPatch]) {
    float* to = out + static_cast<std::size_t>(row) * kPatch * position_stride;
    for (const Eight& value : values) {
      store(to, value);
      to += position_stride;
    }
  };
}

template <int side, class Line>
inline void transform_square(const ImageView& image, int y, int x, TilePlace place,
                             const Line& line) {
  const Square<side> square(image, y, x);
  const bool whole = square.is_whole();
  std::ptrdiff_t channel = 0;
  const auto place_of = [&](std::ptrdiff_t at) {
    const auto index = static_cast<std::size_t>(at);
    return place.out + index / kPanel * place.block_stride + index % kPanel;
  };
  for (; channel < square.channels; channel += kLanes) {
    const auto keep = into_rows(place_of(channel), place.position_stride);
    if (whole) {
      both_ways<side, kPatch>(
          [&](int column, auto& values) { square.load_whole(channel, column, values); }, line,
          keep);
    } else {
      both_ways<side, kPatch>(
          [&](int column, auto& values) { square.load_some(channel, column, values); }, line, keep);
    }
  }
  if (image.channels % kPanel == 0) return;
  float* out = place_of(channel);
  for (std::size_t p = 0; p < kPositions; ++p, out += place.position_stride) store(out, zero());
}

void transform_input(const ImageView& image, int y, int x, const TilePlace& place) {
  transform_square<kPatch>(image, y, x, place,
                           [](const auto& in, auto& out) { input_line(in, out); });
}

void transform_gradient(const ImageView& image, int y, int x, const TilePlace& place) {
  transform_square<kTile>(image, y, x, place,
                          [](const auto& in, auto& out) { gradient_line(in, out); });
}

inline void store_weights(const Eight (&g)[3][3], float* out, std::size_t position_stride) {
  both_ways<3, kPatch>(
      [&](int column, Eight(&values)[3]) {
        for (int i = 0; i < 3; ++i) values[i] = times(g[i][column], kGScale);
      },
      [](const auto& in, auto& line) { weight_line(in, line); }, into_rows(out, position_stride));
}

void transform_weights(const float* weights, std::size_t outputs, std::size_t inputs,
                       std::size_t block, float* out) {
  const std::size_t padded = (inputs + kPanel - 1) / kPanel * kPanel;
  const std::size_t position_stride = padded * kPanel;
  for (std::size_t half = 0; half < kPanel; half += kLanes) {
    const std::size_t first = block * kPanel + half;
    for (std::size_t input = 0; input < padded; input += kLanes) {
      Eight taps[3][3][kLanes];
      const bool there = first < outputs && input < inputs;
      for (std::size_t tap = 0; tap < 9; ++tap) {
        Eight(&rows)[kLanes] = taps[tap / 3][tap % 3];
        for (std::size_t k = 0; k < kLanes; ++k) {
          rows[k] = there ? load(weights + ((first + k) * 9 + tap) * inputs + input) : zero();
        }
        transpose(rows);
      }
      for (std::size_t c = 0; c < kLanes; ++c) {
        Eight g[3][3];
        for (int i = 0; i < 3; ++i) {
          for (int j = 0; j < 3; ++j) g[i][j] = taps[i][j][c];
        }
        store_weights(g, out + (input + c) * kPanel + half, position_stride);
      }
    }
  }
}

void transform_turned_weights(const float* weights, std::size_t outputs, std::size_t inputs,
                              std::size_t block, float* out) {
  const std::size_t padded = (outputs + kPanel - 1) / kPanel * kPanel;
  const std::size_t position_stride = padded * kPanel;
  for (std::size_t output = 0; output < padded; ++output) {
    for (std::size_t half = 0; half < kPanel; half += kLanes) {
      const std::size_t input = block * kPanel + half;
      const bool there = output < outputs && input < inputs;
      Eight g[3][3];
      for (std::size_t tap = 0; tap < 9; ++tap) {
        g[2 - tap / 3][2 - tap % 3] =
            there ? load(weights + (output * 9 + tap) * inputs + input) : zero();
      }
      store_weights(g, out + output * kPanel + half, position_stride);
    }
  }
}

// Reads a column of the values at 36 positions.
inline auto from_columns(const float* m, std::size_t position_stride) {
  return [=](int column, Eight(&values)[kPatch]) {
    const float* from = m + static_cast<std::size_t>(column) * position_stride;
    for (Eight& value : values) {
      value = load(from);
      from += kPatch * position_stride;
    }
  };
}

void transform_output(const float* m, std::size_t position_stride, const float* bias, float* image,
                      int height, int width, std::size_t channels, int y, int x,
                      std::size_t channel) {
  const int rows = height - y < kTile ? height - y : kTile;
  const int columns = width - x < kTile ? width - x : kTile;
  const std::size_t row_stride = static_cast<std::size_t>(width) * channels;
  float* const corner = image + static_cast<std::size_t>(y) * row_stride +
                        static_cast<std::size_t>(x) * channels + channel;
  for (std::size_t half = 0; half < kPanel && channel + half < channels; half += kLanes) {
    const Eight added = bias == nullptr ? zero() : load(bias + half);
    both_ways<kPatch, kTile>(
        from_columns(m + half, position_stride),
        [](const auto& in, auto& out) { output_line(in, out); },
        [&](int row, const Eight(&values)[kTile]) {
          if (row >= rows) return;
          float* out = corner + half + static_cast<std::size_t>(row) * row_stride;
          if (columns == kTile) {
            for (int j = 0; j < kTile; ++j, out += channels) store(out, plus(values[j], added));
          } else {
            for (int j = 0; j < columns; ++j, out += channels) store(out, plus(values[j], added));
          }
        });
  }
}

void transform_weight_gradient(const float* m, std::size_t position_stride, std::size_t count,
                               float* out, std::size_t tap_stride) {
  for (std::size_t c = 0; c < count; c += kLanes) {
    both_ways<kPatch, 3>(
        from_columns(m + c, position_stride),
        [](const auto& in, auto& line) { weight_gradient_line(in, line); },
        [&](int row, const Eight(&values)[3]) {
          float* to = out + static_cast<std::size_t>(row) * 3 * tap_stride + c;
          for (int i = 0; i < 3; ++i, to += tap_stride) store(to, times(values[i], kGScale));
        });
  }
}

}  // namespace
}  // namespace imgcls::kernels
