#include <imgcls/image/resize/kernels_x86.h>

namespace imgcls::data {
namespace {

/// A vector of two 16-byte lanes.
struct Avx2 : Lane {
  using Vector = __m256i;
  static constexpr int kRows = 2;
  static constexpr std::size_t kBytes = 32;

  static Vector zero() { return _mm256_setzero_si256(); }
  static Vector set32(std::int32_t value) { return _mm256_set1_epi32(value); }
  /// The same 16 bytes in each lane.
  static Vector repeat(const std::int8_t* bytes) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
  }
  static Vector load(const std::uint8_t* bytes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  }
  static void store(std::uint8_t* bytes, Vector v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), v);
  }
  /// 16 bytes at `offset` of each row.
  static Vector load_lanes(const std::uint8_t* const* rows, std::ptrdiff_t offset) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(rows[0] + offset)),
                                   load_lane(rows[1] + offset), 1);
  }
  /// 12 bytes to `offset` of each row.
  static void store_lanes_12(std::uint8_t* const* rows, std::ptrdiff_t offset, Vector v) {
    store_12(rows[0] + offset, _mm256_castsi256_si128(v));
    store_12(rows[1] + offset, _mm256_extracti128_si256(v, 1));
  }

  static Vector add8(Vector a, Vector b) { return _mm256_add_epi8(a, b); }
  static Vector add32(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static Vector madd16(Vector a, Vector b) { return _mm256_madd_epi16(a, b); }
  template <int kBits>
  static Vector shift_left(Vector v) {
    return _mm256_slli_epi32(v, kBits);
  }
  template <int kBits>
  static Vector shift_right(Vector v) {
    return _mm256_srai_epi32(v, kBits);
  }
  // The following work within lanes.
  static Vector shuffle8(Vector v, Vector from) { return _mm256_shuffle_epi8(v, from); }
  static Vector mix_lower8(Vector a, Vector b) { return _mm256_unpacklo_epi8(a, b); }
  static Vector mix_upper8(Vector a, Vector b) { return _mm256_unpackhi_epi8(a, b); }
  static Vector pack_to_16(Vector a, Vector b) { return _mm256_packs_epi32(a, b); }
  static Vector pack_to_u8(Vector a, Vector b) { return _mm256_packus_epi16(a, b); }
};

}  // namespace

extern const ResizeKernels kResizeAvx2;
const ResizeKernels kResizeAvx2{Avx2::kRows, across<Avx2>, Avx2::kBytes, down<Avx2>};

}  // namespace imgcls::data
