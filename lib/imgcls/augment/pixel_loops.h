// The loops of PixelKernels, compiled once for each kind of vector unit by the files that include
// this one. Internal to imgcls::data. They are written for the compiler to vectorize: no branch in
// a loop, and bytes that are widened, worked on and narrowed. Where that leaves it too far from
// what the processor can do, AVX2's own instructions stand beside the plain loop, which then does
// the last few bytes.

#include <imgcls/augment/blur_loops.h>
#include <imgcls/augment/hue_loop.h>
#include <imgcls/augment/pixel_kernels.h>
#include <imgcls/augment/sampling_loops.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace imgcls::data {
namespace {

// Within 0 .. 255, and cut to a whole number. In this form a comparison is one instruction.
inline Byte to_byte(float value) {
  value = 0.0F < value ? value : 0.0F;
  value = value < 255.0F ? value : 255.0F;
  return static_cast<Byte>(static_cast<int>(value));
}

// Blends `value` with `degenerate`; both are bytes' values.
inline Byte blended(int degenerate, int value, float alpha) {
  return to_byte(static_cast<float>(degenerate) + alpha * static_cast<float>(value - degenerate));
}

#ifdef __AVX2__
constexpr std::size_t kVector = 32;

inline __m256i load_8(const Byte* from) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

// Four times eight numbers, cut, to bytes: packing keeps them within 0 .. 255. They must be within
// an int's range.
inline void store_32(const __m256 (&values)[4], Byte* to) {
  const __m256i low =
      _mm256_packs_epi32(_mm256_cvttps_epi32(values[0]), _mm256_cvttps_epi32(values[1]));
  const __m256i high =
      _mm256_packs_epi32(_mm256_cvttps_epi32(values[2]), _mm256_cvttps_epi32(values[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // packing is by halves
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
}
#endif

// Blends `values` with `degenerate`, into `out`; its first byte stands for all where it is
// `constant`. No more than 11 times a difference of bytes comes out.
template <bool constant>
inline void blend_span(const Byte* degenerate, const Byte* values, std::size_t bytes, float alpha,
                       Byte* out) {
  std::size_t i = 0;
#ifdef __AVX2__
  const __m256 share = _mm256_set1_ps(alpha);
  for (; i + kVector <= bytes; i += kVector) {
    __m256 mixed[4];
    for (std::size_t k = 0; k < 4; ++k) {
      const __m256i base =
          constant ? _mm256_set1_epi32(*degenerate) : load_8(degenerate + i + 8 * k);
      const __m256i change = _mm256_sub_epi32(load_8(values + i + 8 * k), base);
      mixed[k] =
          _mm256_add_ps(_mm256_cvtepi32_ps(base), _mm256_mul_ps(share, _mm256_cvtepi32_ps(change)));
    }
    store_32(mixed, out + i);
  }
#endif
  for (; i < bytes; ++i) out[i] = blended(degenerate[constant ? 0 : i], values[i], alpha);
}

// ITU-R 601-2 luma as Pillow's convert("L") has it: weights of 16 fractional bits, rounded.
inline int grey(int red, int green, int blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

// Bytes and pixels that a loop works on through arrays of its own, so that it is one loop over
// neighbours, which any compiler turns into vectors.
constexpr std::size_t kBlock = 64;

void blend_constant(Byte* data, std::size_t bytes, int degenerate, float alpha) {
  const Byte value = static_cast<Byte>(degenerate);
  blend_span<true>(&value, data, bytes, alpha, data);
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

void blend_grey(Byte* data, std::size_t pixels, float alpha) {
  Byte greys[kBlock], wide[3 * kBlock];
  while (pixels > 0) {
    const std::size_t count = pixels < kBlock ? pixels : kBlock;
    grey_block(data, count, greys);
    spread_block(greys, count, wide);
    blend_span<false>(wide, data, 3 * count, alpha, data);
    pixels -= count;
    data += 3 * count;
  }
}

// Pillow sums in single precision and rounds. A sum over 13 is never nearer to a half than 1/26, so
// that whole numbers give the same: (sum + 6) / 13, the division by a product of 16 bits.
inline void smooth_block(const Byte* __restrict above, const Byte* __restrict row,
                         const Byte* __restrict below, std::size_t bytes, Byte* __restrict out) {
  for (std::size_t i = 0; i < bytes; ++i) {
    // From the pixel before to the one behind; 16 bits hold it.
    const auto sum = static_cast<std::uint16_t>(above[i] + above[i + 3] + above[i + 6] + row[i] +
                                                5 * row[i + 3] + row[i + 6] + below[i] +
                                                below[i + 3] + below[i + 6] + 6);
    out[i] = static_cast<Byte>((std::uint32_t{sum} * 5042U) >> 16);
  }
}

void blend_smooth(const Byte* above, const Byte* row, const Byte* below, std::size_t bytes,
                  float alpha, Byte* out) {
  Byte smoothed[3 * kBlock];
  for (std::size_t i = 0; i < 3; ++i) out[i] = row[i];
  for (std::size_t i = 3; i + 3 < bytes;) {
    const std::size_t left = bytes - 3 - i, count = left < 3 * kBlock ? left : 3 * kBlock;
    smooth_block(above + i - 3, row + i - 3, below + i - 3, count, smoothed);
    blend_span<false>(smoothed, row + i, count, alpha, out + i);
    i += count;
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

void linear(Byte* data, std::size_t pixels, const float scale[3], const float offset[3]) {
  const std::size_t bytes = 3 * pixels;
  std::size_t i = 0;
#ifdef __AVX2__
  constexpr std::size_t kPeriod = 96;  // bytes after which vectors meet the same channels again
  float scales[kPeriod], offsets[kPeriod];
  for (std::size_t k = 0; k < kPeriod; ++k) scales[k] = scale[k % 3], offsets[k] = offset[k % 3];
  for (; i + kPeriod <= bytes; i += kPeriod) {
    for (std::size_t k = 0; k < kPeriod; k += kVector) {
      __m256 values[4];
      for (std::size_t part = 0; part < 4; ++part) {
        const std::size_t at = k + 8 * part;
        values[part] = _mm256_add_ps(
            _mm256_mul_ps(_mm256_cvtepi32_ps(load_8(data + i + at)), _mm256_loadu_ps(scales + at)),
            _mm256_loadu_ps(offsets + at));
      }
      store_32(values, data + i + k);
    }
  }
#endif
  for (; i + 3 <= bytes; i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      data[i + c] = to_byte(static_cast<float>(data[i + c]) * scale[c] + offset[c]);
    }
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
                              .nearest_row = nearest_row,
                              .bilinear_row = bilinear_row,
                              .bicubic_row = bicubic_row,
                              .box_blur = box_blur,
                              .weighted_sum = weighted_sum,
                              .round_to_bytes = round_to_bytes,
                              .turn_hue = turn_hue};

}  // namespace
}  // namespace imgcls::data
