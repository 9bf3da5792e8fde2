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

// A line for every column, then one for every row of what that made.
template <int from, int to, class Line>
inline void both_ways(const Eight (&values)[from][from], const Line& line, Eight (&made)[to][to]) {
  Eight half[to][from];
  for (int column = 0; column < from; ++column) {
    Eight in[from], out[to];
    for (int i = 0; i < from; ++i) in[i] = values[i][column];
    line(in, out);
    for (int i = 0; i < to; ++i) half[i][column] = out[i];
  }
  for (int row = 0; row < to; ++row) line(half[row], made[row]);
}

// Eight channels of a square of pixels, zeros outside of the image.
template <int side>
inline void load_square(const ImageView& image, int y, int x, std::size_t channel,
                        Eight (&values)[side][side]) {
  for (int i = 0; i < side; ++i) {
    const bool in_rows = y + i >= 0 && y + i < image.height;
    for (int j = 0; j < side; ++j) {
      const bool inside = in_rows && x + j >= 0 && x + j < image.width;
      const auto at = static_cast<std::ptrdiff_t>(y + i) * image.width + x + j;
      values[i][j] =
          inside ? load(image.pixels + at * static_cast<std::ptrdiff_t>(image.channels) + channel)
                 : zero();
    }
  }
}

template <int side, class Line>
inline void transform_square(const ImageView& image, int y, int x, const TilePlace& place,
                             const Line& line) {
  Eight values[side][side], made[kPatch][kPatch];
  std::size_t channel = 0;
  const auto keep = [&] {
    float* out = place.out + channel / kPanel * place.block_stride + channel % kPanel;
    for (int i = 0; i < kPatch; ++i) {
      for (int j = 0; j < kPatch; ++j, out += place.position_stride) store(out, made[i][j]);
    }
  };
  for (; channel < image.channels; channel += kLanes) {
    load_square(image, y, x, channel, values);
    both_ways(values, line, made);
    keep();
  }
  if (channel % kPanel == 0) return;
  for (auto& row : made) {
    for (Eight& value : row) value = zero();
  }
  keep();
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
  Eight scaled[3][3], made[kPatch][kPatch];
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) scaled[i][j] = times(g[i][j], kGScale);
  }
  both_ways(
      scaled, [](const auto& in, auto& line) { weight_line(in, line); }, made);
  for (const auto& row : made) {
    for (const Eight& value : row) {
      store(out, value);
      out += position_stride;
    }
  }
}

void transform_weights(const float* weights, std::size_t outputs, std::size_t inputs,
                       std::size_t block, float* out) {
  const std::size_t padded = (inputs + kPanel - 1) / kPanel * kPanel;
  const std::size_t blocks = (outputs + kPanel - 1) / kPanel;
  const std::size_t position_stride = blocks * padded * kPanel;
  out += block * padded * kPanel;
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
  const std::size_t blocks = (inputs + kPanel - 1) / kPanel;
  const std::size_t position_stride = blocks * padded * kPanel;
  out += block * padded * kPanel;
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

void transform_output(const float* m, std::size_t position_stride, const float* bias, float* image,
                      int height, int width, std::size_t channels, int y, int x,
                      std::size_t channel) {
  const int rows = height - y < kTile ? height - y : kTile;
  const int columns = width - x < kTile ? width - x : kTile;
  for (std::size_t half = 0; half < kPanel && channel + half < channels; half += kLanes) {
    Eight values[kPatch][kPatch], made[kTile][kTile];
    for (std::size_t p = 0; p < kPositions; ++p) {
      values[p / kPatch][p % kPatch] = load(m + p * position_stride + half);
    }
    both_ways(
        values, [](const auto& in, auto& out) { output_line(in, out); }, made);
    const Eight added = bias == nullptr ? zero() : load(bias + half);
    for (int i = 0; i < rows; ++i) {
      float* out = image +
                   (static_cast<std::size_t>(y + i) * static_cast<std::size_t>(width) +
                    static_cast<std::size_t>(x)) *
                       channels +
                   channel + half;
      for (int j = 0; j < columns; ++j, out += channels) store(out, plus(made[i][j], added));
    }
  }
}

void transform_weight_gradient(const float* m, std::size_t position_stride, std::size_t count,
                               float* out, std::size_t tap_stride) {
  for (std::size_t c = 0; c < count; c += kLanes) {
    Eight values[kPatch][kPatch], made[3][3];
    for (std::size_t p = 0; p < kPositions; ++p) {
      values[p / kPatch][p % kPatch] = load(m + p * position_stride + c);
    }
    both_ways(
        values, [](const auto& in, auto& line) { weight_gradient_line(in, line); }, made);
    for (std::size_t tap = 0; tap < 9; ++tap) {
      store(out + tap * tap_stride + c, times(made[tap / 3][tap % 3], kGScale));
    }
  }
}

}  // namespace
}  // namespace imgcls::kernels
