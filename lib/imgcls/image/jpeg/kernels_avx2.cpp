// Two blocks at once, one in each half of the registers, and 32 pixels of a row.
#include <imgcls/image/jpeg/kernels.h>
#include <imgcls/image/jpeg/kernels_avx2.h>

#include <immintrin.h>

#include <array>

// This file alone is compiled for AVX2, function by function, so that no header's inline function
// is.
#define AVX2 __attribute__((target("avx2")))

namespace imgcls::data::avx2 {
namespace {

using Rows = __m256i[8];  // NOLINT: std::array would drop its alignment

// Products of 16-bit pairs (a, b) with (x, y), added up: the lower and the upper four of each half.
struct Wide {
  __m256i low, high;
};

AVX2 inline __m256i pair(int x, int y) {
  return _mm256_set1_epi32((y << 16) | (x & 0xFFFF));
}

AVX2 inline Wide products(__m256i a, __m256i b, __m256i factors) {
  return {_mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), factors),
          _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), factors)};
}

AVX2 inline Wide operator+(Wide a, Wide b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}

AVX2 inline Wide operator-(Wide a, Wide b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}

// 16-bit values as 32-bit ones with 13 fractional bits.
AVX2 inline Wide scaled(__m256i values) {
  const __m256i zero = _mm256_setzero_si256();
  return {_mm256_srai_epi32(_mm256_unpacklo_epi16(zero, values), 3),
          _mm256_srai_epi32(_mm256_unpackhi_epi16(zero, values), 3)};
}

template <int kShift>
AVX2 inline __m256i rounded(Wide values) {
  return _mm256_packs_epi32(_mm256_srai_epi32(values.low, kShift),
                            _mm256_srai_epi32(values.high, kShift));
}

// The same arithmetic as the portable kernel's, on the columns of both blocks.
template <int kShift>
AVX2 inline void transform(Rows& rows) {
  const Wide e2 = products(rows[2], rows[6], pair(4433, 4433 - 15137));
  const Wide e3 = products(rows[2], rows[6], pair(4433 + 6270, 4433));
  const __m256i half = _mm256_set1_epi32(1 << (kShift - 1));
  const Wide rounding{half, half};
  const Wide e0 = scaled(_mm256_add_epi16(rows[0], rows[4])) + rounding;
  const Wide e1 = scaled(_mm256_sub_epi16(rows[0], rows[4])) + rounding;
  const std::array<Wide, 4> even = {e0 + e3, e1 + e2, e1 - e2, e0 - e3};

  const __m256i s3 = _mm256_add_epi16(rows[7], rows[3]), s4 = _mm256_add_epi16(rows[5], rows[1]);
  const Wide z3 = products(s3, s4, pair(9633 - 16069, 9633));
  const Wide z4 = products(s3, s4, pair(9633, 9633 - 3196));
  const std::array<Wide, 4> odd = {products(rows[7], rows[1], pair(-7373, 12299 - 7373)) + z4,
                                   products(rows[5], rows[3], pair(-20995, 25172 - 20995)) + z3,
                                   products(rows[5], rows[3], pair(16819 - 20995, -20995)) + z4,
                                   products(rows[7], rows[1], pair(2446 - 7373, -7373)) + z3};
  for (std::size_t i = 0; i < 4; ++i) {
    rows[i] = rounded<kShift>(even[i] + odd[i]);
    rows[7 - i] = rounded<kShift>(even[i] - odd[i]);
  }
}

AVX2 inline void transpose(Rows& r) {
  const __m256i a0 = _mm256_unpacklo_epi16(r[0], r[1]), a1 = _mm256_unpackhi_epi16(r[0], r[1]);
  const __m256i a2 = _mm256_unpacklo_epi16(r[2], r[3]), a3 = _mm256_unpackhi_epi16(r[2], r[3]);
  const __m256i a4 = _mm256_unpacklo_epi16(r[4], r[5]), a5 = _mm256_unpackhi_epi16(r[4], r[5]);
  const __m256i a6 = _mm256_unpacklo_epi16(r[6], r[7]), a7 = _mm256_unpackhi_epi16(r[6], r[7]);
  const __m256i b0 = _mm256_unpacklo_epi32(a0, a2), b1 = _mm256_unpackhi_epi32(a0, a2);
  const __m256i b2 = _mm256_unpacklo_epi32(a1, a3), b3 = _mm256_unpackhi_epi32(a1, a3);
  const __m256i b4 = _mm256_unpacklo_epi32(a4, a6), b5 = _mm256_unpackhi_epi32(a4, a6);
  const __m256i b6 = _mm256_unpacklo_epi32(a5, a7), b7 = _mm256_unpackhi_epi32(a5, a7);
  r[0] = _mm256_unpacklo_epi64(b0, b4);
  r[1] = _mm256_unpackhi_epi64(b0, b4);
  r[2] = _mm256_unpacklo_epi64(b1, b5);
  r[3] = _mm256_unpackhi_epi64(b1, b5);
  r[4] = _mm256_unpacklo_epi64(b2, b6);
  r[5] = _mm256_unpackhi_epi64(b2, b6);
  r[6] = _mm256_unpacklo_epi64(b3, b7);
  r[7] = _mm256_unpackhi_epi64(b3, b7);
}

AVX2 inline void store_rows(__m128i two_rows, std::uint8_t* out, std::size_t stride) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), two_rows);
  _mm_storeh_pd(reinterpret_cast<double*>(out + stride), _mm_castsi128_pd(two_rows));
}

// `columns` of samples less 128, to bytes by rows.
AVX2 inline void store(const Rows& columns, std::uint8_t* const* out, std::size_t stride) {
  const __m256i center = _mm256_set1_epi8(static_cast<char>(0x80));
  __m256i p[4];  // columns 0 and 4, 1 and 5, 2 and 6, 3 and 7
  for (std::size_t i = 0; i < 4; ++i) {
    p[i] = _mm256_add_epi8(_mm256_packs_epi16(columns[i], columns[i + 4]), center);
  }
  const __m256i t0 = _mm256_unpacklo_epi8(p[0], p[2]), t1 = _mm256_unpackhi_epi8(p[0], p[2]);
  const __m256i t2 = _mm256_unpacklo_epi8(p[1], p[3]), t3 = _mm256_unpackhi_epi8(p[1], p[3]);
  const __m256i u0 = _mm256_unpacklo_epi8(t0, t2), u1 = _mm256_unpackhi_epi8(t0, t2);
  const __m256i u2 = _mm256_unpacklo_epi8(t1, t3), u3 = _mm256_unpackhi_epi8(t1, t3);
  const __m256i pairs[4] = {_mm256_unpacklo_epi32(u0, u2), _mm256_unpackhi_epi32(u0, u2),
                            _mm256_unpacklo_epi32(u1, u3), _mm256_unpackhi_epi32(u1, u3)};
  for (std::size_t i = 0; i < 4; ++i) {
    store_rows(_mm256_castsi256_si128(pairs[i]), out[0] + 2 * i * stride, stride);
    store_rows(_mm256_extracti128_si256(pairs[i], 1), out[1] + 2 * i * stride, stride);
  }
}

AVX2 inline __m256i shuffle(__m256i values, const std::array<std::int8_t, 16>& order) {
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(order.data()));
  return _mm256_shuffle_epi8(values, _mm256_broadcastsi128_si256(half));
}

// Where channel `c`'s 16 samples go in part `part` of 48 interleaved bytes.
constexpr std::array<std::int8_t, 16> places(int c, int part) {
  std::array<std::int8_t, 16> order{};
  for (int i = 0; i < 16; ++i) {
    const int at = 16 * part + i;
    order[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(at % 3 == c ? at / 3 : -1);
  }
  return order;
}

template <int kPart>
AVX2 inline void store_part(__m256i red, __m256i green, __m256i blue, std::uint8_t* rgb) {
  static constexpr auto kRed = places(0, kPart), kGreen = places(1, kPart),
                        kBlue = places(2, kPart);
  const __m256i part = _mm256_or_si256(_mm256_or_si256(shuffle(red, kRed), shuffle(green, kGreen)),
                                       shuffle(blue, kBlue));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb + 16 * kPart), _mm256_castsi256_si128(part));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb + 48 + 16 * kPart),
                   _mm256_extracti128_si256(part, 1));
}

AVX2 inline void interleave(__m256i red, __m256i green, __m256i blue, std::uint8_t* rgb) {
  store_part<0>(red, green, blue, rgb);
  store_part<1>(red, green, blue, rgb);
  store_part<2>(red, green, blue, rgb);
}

AVX2 inline __m256i load(const std::uint8_t* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

// (factor x value + half) >> 16, rounded down.
AVX2 inline __m256i scaled_16(__m256i value, int factor) {
  const __m256i doubled = _mm256_add_epi16(value, value);
  const __m256i product =
      _mm256_mulhi_epi16(doubled, _mm256_set1_epi16(static_cast<std::int16_t>(factor)));
  return _mm256_srai_epi16(_mm256_add_epi16(product, _mm256_set1_epi16(1)), 1);
}

struct Rgb {
  __m256i red, green, blue;  // 16 bits each, not yet clamped
};

AVX2 inline Rgb convert(__m256i y, __m256i cb, __m256i cr) {
  const __m256i center = _mm256_set1_epi16(128);
  cb = _mm256_sub_epi16(cb, center);
  cr = _mm256_sub_epi16(cr, center);
  // 91881 = 65536 + 26345; 116130 = 2 x 65536 - 14942; -46802 = 18734 - 65536.
  const __m256i red = _mm256_add_epi16(_mm256_add_epi16(y, cr), scaled_16(cr, 26345));
  const __m256i blue =
      _mm256_add_epi16(_mm256_add_epi16(y, _mm256_add_epi16(cb, cb)), scaled_16(cb, -14942));
  Wide green = products(cb, cr, pair(-22554, 18734));
  const __m256i half = _mm256_set1_epi32(1 << 15);
  green = green + Wide{half, half};
  const __m256i change = _mm256_sub_epi16(rounded<16>(green), cr);
  return {red, _mm256_add_epi16(y, change), blue};
}

}  // namespace

AVX2 bool inverse_dct(const std::int16_t* coefficients, const std::int16_t* quantization,
                      std::uint8_t* const* out, std::size_t stride) {
  Rows rows;
  __m256i largest = _mm256_setzero_si256();
  for (std::size_t i = 0; i < 8; ++i) {
    const auto* row = reinterpret_cast<const __m128i*>(coefficients + 8 * i);
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128(row)),
                                                 _mm_load_si128(row + 8), 1);
    const __m128i factors = _mm_load_si128(reinterpret_cast<const __m128i*>(quantization + 8 * i));
    rows[i] = _mm256_mullo_epi16(both, _mm256_broadcastsi128_si256(factors));
    largest = _mm256_max_epu16(largest, _mm256_abs_epi16(rows[i]));
  }
  transform<13 - 2>(rows);
  transpose(rows);
  transform<13 + 2 + 3>(rows);
  store(rows, out, stride);
  // Saturating subtraction leaves nothing but where the limit is passed.
  const __m256i beyond = _mm256_subs_epu16(largest, _mm256_set1_epi16(kMaxCoefficient));
  return _mm256_testz_si256(beyond, beyond) != 0;
}

AVX2 void to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width,
                 std::uint8_t* rgb) {
  const __m256i zero = _mm256_setzero_si256();
  for (int x = 0; x < width; x += 32, rgb += 96) {
    const __m256i luma = load(y + x), blue = load(cb + x), red = load(cr + x);
    const Rgb low = convert(_mm256_unpacklo_epi8(luma, zero), _mm256_unpacklo_epi8(blue, zero),
                            _mm256_unpacklo_epi8(red, zero));
    const Rgb high = convert(_mm256_unpackhi_epi8(luma, zero), _mm256_unpackhi_epi8(blue, zero),
                             _mm256_unpackhi_epi8(red, zero));
    interleave(_mm256_packus_epi16(low.red, high.red), _mm256_packus_epi16(low.green, high.green),
               _mm256_packus_epi16(low.blue, high.blue), rgb);
  }
}

AVX2 void grey_to_rgb(const std::uint8_t* y, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; x += 32, rgb += 96)
    interleave(load(y + x), load(y + x), load(y + x), rgb);
}

}  // namespace imgcls::data::avx2
