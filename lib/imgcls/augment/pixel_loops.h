// The loops of PixelKernels, compiled once for each kind of vector unit by the files that include
// this one. Internal to imgcls::data. They are written for the compiler to vectorise: no branch in
// a loop, and bytes that are widened, worked on and narrowed.

#include <imgcls/augment/pixel_kernels.h>

namespace imgcls::data {
namespace {

using Byte = std::uint8_t;

// Blends `value` with `degenerate`; both are bytes' values.
inline Byte blended(int degenerate, int value, float alpha) {
  float mixed = static_cast<float>(degenerate) + alpha * static_cast<float>(value - degenerate);
  mixed = mixed < 0.0F ? 0.0F : mixed;
  mixed = mixed > 255.0F ? 255.0F : mixed;
  return static_cast<Byte>(static_cast<int>(mixed));
}

// ITU-R 601-2 luma as Pillow's convert("L") has it: weights of 16 fractional bits, rounded.
inline int grey(int red, int green, int blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

// Bytes and pixels that a loop works on through arrays of its own, so that it is one loop over
// neighbours, which any compiler turns into vectors.
constexpr std::size_t kBlock = 64;

void blend_constant(Byte* __restrict data, std::size_t bytes, int degenerate, float alpha) {
  for (std::size_t i = 0; i < bytes; ++i) data[i] = blended(degenerate, data[i], alpha);
}

// The greys of at most kBlock pixels.
inline void grey_block(const Byte* __restrict data, std::size_t pixels, Byte* __restrict greys) {
  for (std::size_t i = 0; i < pixels; ++i) {
    greys[i] = static_cast<Byte>(grey(data[3 * i], data[3 * i + 1], data[3 * i + 2]));
  }
}

inline void spread_block(const Byte* __restrict greys, std::size_t pixels, Byte* __restrict out) {
  for (std::size_t i = 0; i < pixels; ++i) {
    out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = greys[i];
  }
}

inline void blend_block(const Byte* __restrict degenerate, std::size_t bytes, float alpha,
                        Byte* __restrict data) {
  for (std::size_t i = 0; i < bytes; ++i) data[i] = blended(degenerate[i], data[i], alpha);
}

void blend_grey(Byte* __restrict data, std::size_t pixels, float alpha) {
  Byte greys[kBlock], wide[3 * kBlock];
  for (; pixels >= kBlock; pixels -= kBlock, data += 3 * kBlock) {
    grey_block(data, kBlock, greys);
    spread_block(greys, kBlock, wide);
    blend_block(wide, 3 * kBlock, alpha, data);
  }
  grey_block(data, pixels, greys);
  spread_block(greys, pixels, wide);
  blend_block(wide, 3 * pixels, alpha, data);
}

// Pillow sums in single precision and rounds. A sum over 13 is never nearer to a half than 1/26, so
// that whole numbers give the same: (sum + 6) / 13, the division by a product of 16 bits.
inline int smooth(const Byte* above, const Byte* row, const Byte* below, std::size_t i) {
  const unsigned sum = above[i - 3] + above[i] + above[i + 3] + row[i - 3] + 5U * row[i] +
                       row[i + 3] + below[i - 3] + below[i] + below[i + 3];
  return static_cast<int>(((sum + 6) * 5042U) >> 16);
}

void blend_smooth(const Byte* __restrict above, const Byte* __restrict row,
                  const Byte* __restrict below, std::size_t bytes, float alpha,
                  Byte* __restrict out) {
  for (std::size_t i = 0; i < 3; ++i) out[i] = row[i];
  for (std::size_t i = 3; i + 3 < bytes; ++i) {
    out[i] = blended(smooth(above, row, below, i), row[i], alpha);
  }
  for (std::size_t i = bytes - 3; i < bytes; ++i) out[i] = row[i];
}

std::uint64_t grey_sum(const Byte* __restrict data, std::size_t pixels) {
  std::uint64_t sum = 0;
  Byte greys[kBlock];
  while (pixels > 0) {
    const std::size_t count = pixels < kBlock ? pixels : kBlock;
    grey_block(data, count, greys);
    std::uint32_t part = 0;
    for (std::size_t i = 0; i < count; ++i) part += greys[i];
    sum += part;
    pixels -= count;
    data += 3 * count;
  }
  return sum;
}

void to_grey(Byte* __restrict data, std::size_t pixels) {
  Byte greys[kBlock];
  while (pixels > 0) {
    const std::size_t count = pixels < kBlock ? pixels : kBlock;
    grey_block(data, count, greys);
    spread_block(greys, count, data);
    pixels -= count;
    data += 3 * count;
  }
}

void mask(Byte* __restrict data, std::size_t bytes, Byte mask, Byte flipped) {
  for (std::size_t i = 0; i < bytes; ++i) {
    data[i] = static_cast<Byte>((data[i] & mask) ^ flipped);
  }
}

void solarize(Byte* __restrict data, std::size_t bytes, Byte threshold) {
  for (std::size_t i = 0; i < bytes; ++i) {
    const Byte inverse = static_cast<Byte>(~data[i]);
    data[i] = data[i] < threshold ? data[i] : inverse;
  }
}

// A block of pixels is a row of values; each place in it has one channel.
void extremes(const Byte* __restrict data, std::size_t pixels, Byte low[3], Byte high[3]) {
  Byte least[3 * kBlock], most[3 * kBlock];
  for (std::size_t i = 0; i < 3 * kBlock; ++i) least[i] = 255, most[i] = 0;
  while (pixels > 0) {
    const std::size_t count = pixels < kBlock ? pixels : kBlock;
    for (std::size_t i = 0; i < 3 * count; ++i) {
      least[i] = data[i] < least[i] ? data[i] : least[i];
      most[i] = data[i] > most[i] ? data[i] : most[i];
    }
    pixels -= count;
    data += 3 * count;
  }
  for (std::size_t i = 0; i < 3; ++i) low[i] = 255, high[i] = 0;
  for (std::size_t i = 0; i < 3 * kBlock; ++i) {
    low[i % 3] = least[i] < low[i % 3] ? least[i] : low[i % 3];
    high[i % 3] = most[i] > high[i % 3] ? most[i] : high[i % 3];
  }
}

void linear(Byte* __restrict data, std::size_t pixels, const float scale[3],
            const float offset[3]) {
  constexpr std::size_t kPixels = 16;
  float scales[3 * kPixels], offsets[3 * kPixels];
  for (std::size_t i = 0; i < 3 * kPixels; ++i)
    scales[i] = scale[i % 3], offsets[i] = offset[i % 3];
  const auto apply = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      float value = static_cast<float>(data[i]) * scales[i] + offsets[i];
      value = value < 0.0F ? 0.0F : value;
      value = value > 255.0F ? 255.0F : value;
      data[i] = static_cast<Byte>(static_cast<int>(value));
    }
  };
  for (; pixels >= kPixels; pixels -= kPixels, data += 3 * kPixels) apply(3 * kPixels);
  apply(3 * pixels);
}

// A pixel's channels side by side, and a fourth number that is not used.
using Four = double __attribute__((vector_size(32)));
using FourInts = std::int32_t __attribute__((vector_size(16)));
using FourBytes = Byte __attribute__((vector_size(4)));

// By reference: how a vector is returned differs between the sets.
inline void load_pixel(const Byte* from, Four& pixel) {
  FourBytes bytes;
  __builtin_memcpy(&bytes, from, 4);
  pixel = __builtin_convertvector(__builtin_convertvector(bytes, FourInts), Four);
}

inline int floor_of(double value) {
  const int cut = static_cast<int>(value);
  return cut - (static_cast<double>(cut) > value ? 1 : 0);
}

inline int clipped(int value, int size) {
  return value < 0 ? 0 : value < size ? value : size - 1;
}

void bilinear_row(const BilinearSource& source, const double* m, int row, const Byte fill[3],
                  Byte* __restrict out) {
  const double y_out = row + 0.5, width = source.width, height = source.height;
  for (int i = 0; i < source.width; ++i, out += 3) {
    const double x_out = i + 0.5;
    const double x_in = m[0] * x_out + m[1] * y_out + m[2];
    const double y_in = m[3] * x_out + m[4] * y_out + m[5];
    if (!(x_in >= 0.0 && x_in < width && y_in >= 0.0 && y_in < height)) {
      for (int k = 0; k < 3; ++k) out[k] = fill[k];
      continue;
    }
    const int x = floor_of(x_in - 0.5), y = floor_of(y_in - 0.5);
    const double dx = (x_in - 0.5) - x, dy = (y_in - 0.5) - y;
    const int left = 3 * clipped(x, source.width), right = 3 * clipped(x + 1, source.width);
    const Byte* upper =
        source.pixels + static_cast<std::size_t>(clipped(y, source.height)) * source.stride;
    Four a, b, c, d;
    load_pixel(upper + left, a);
    load_pixel(upper + right, b);
    const Four above = a + (b - a) * dx;
    Four mixed = above;
    if (y + 1 < source.height) {
      // y is -1 at least, so this row is one of the image's.
      const Byte* lower = source.pixels + static_cast<std::size_t>(y + 1) * source.stride;
      load_pixel(lower + left, c);
      load_pixel(lower + right, d);
      const Four below = c + (d - c) * dx;
      mixed = above + (below - above) * dy;
    } else {
      mixed = above + (above - above) * dy;
    }
    const FourInts whole = __builtin_convertvector(mixed, FourInts);
    for (int k = 0; k < 3; ++k) out[k] = static_cast<Byte>(whole[k]);
  }
}

constexpr PixelKernels kLoops{.blend_constant = blend_constant,
                              .blend_grey = blend_grey,
                              .blend_smooth = blend_smooth,
                              .grey_sum = grey_sum,
                              .to_grey = to_grey,
                              .mask = mask,
                              .solarize = solarize,
                              .extremes = extremes,
                              .linear = linear,
                              .bilinear_row = bilinear_row};

}  // namespace
}  // namespace imgcls::data
