#include <imgcls/image/resize/kernels_x86.h>

namespace imgcls::data {
namespace {

/// A vector of four 16-byte lanes.
struct Avx512 : Lane {
  using Vector = __m512i;
  static constexpr int kRows = 4;
  static constexpr std::size_t kBytes = 64;

  static Vector zero() { return _mm512_setzero_si512(); }
  static Vector set32(std::int32_t value) { return _mm512_set1_epi32(value); }
  /// The same 16 bytes in each lane.
  static Vector repeat(const std::int8_t* bytes) {
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
  }
  static Vector load(const std::uint8_t* bytes) { return _mm512_loadu_si512(bytes); }
  static void store(std::uint8_t* bytes, Vector v) { _mm512_storeu_si512(bytes, v); }
  /// 16 bytes at `offset` of each row.
  static Vector load_lanes(const std::uint8_t* const* rows, std::ptrdiff_t offset) {
    Vector v = _mm512_castsi128_si512(load_lane(rows[0] + offset));
    v = _mm512_inserti32x4(v, load_lane(rows[1] + offset), 1);
    v = _mm512_inserti32x4(v, load_lane(rows[2] + offset), 2);
    return _mm512_inserti32x4(v, load_lane(rows[3] + offset), 3);
  }
  /// 12 bytes to `offset` of each row.
  static void store_lanes_12(std::uint8_t* const* rows, std::ptrdiff_t offset, Vector v) {
    store_12(rows[0] + offset, _mm512_castsi512_si128(v));
    store_12(rows[1] + offset, _mm512_extracti32x4_epi32(v, 1));
    store_12(rows[2] + offset, _mm512_extracti32x4_epi32(v, 2));
    store_12(rows[3] + offset, _mm512_extracti32x4_epi32(v, 3));
  }

  static Vector add8(Vector a, Vector b) { return _mm512_add_epi8(a, b); }
  static Vector add32(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static Vector madd16(Vector a, Vector b) { return _mm512_madd_epi16(a, b); }
  template <int kBits>
  static Vector shift_left(Vector v) {
    return _mm512_slli_epi32(v, kBits);
  }
  template <int kBits>
  static Vector shift_right(Vector v) {
    return _mm512_srai_epi32(v, kBits);
  }
  // The following work within lanes.
  static Vector shuffle8(Vector v, Vector from) { return _mm512_shuffle_epi8(v, from); }
  static Vector mix_lower8(Vector a, Vector b) { return _mm512_unpacklo_epi8(a, b); }
  static Vector mix_upper8(Vector a, Vector b) { return _mm512_unpackhi_epi8(a, b); }
  static Vector pack_to_16(Vector a, Vector b) { return _mm512_packs_epi32(a, b); }
  static Vector pack_to_u8(Vector a, Vector b) { return _mm512_packus_epi16(a, b); }
};

}  // namespace

extern const ResizeKernels kResizeAvx512;
const ResizeKernels kResizeAvx512{Avx512::kRows, across<Avx512>, Avx512::kBytes, down<Avx512>};

}  // namespace imgcls::data
