// Eight floats side by side, for the loops of this room: AVX2's registers where the including file
// is compiled for them, else plain loops with the same bits, one fused multiply-add after the
// other. Internal to imgcls::kernels.

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace imgcls::kernels {
namespace {

constexpr int kLanes = 8;

#ifdef __AVX2__

using Eight = __m256;

inline Eight zero() {
  return _mm256_setzero_ps();
}
inline Eight load(const float* from) {
  return _mm256_loadu_ps(from);
}
inline void store(float* to, Eight value) {
  _mm256_storeu_ps(to, value);
}
inline Eight all(float value) {
  return _mm256_set1_ps(value);
}
inline Eight plus(Eight a, Eight b) {
  return _mm256_add_ps(a, b);
}
inline Eight minus(Eight a, Eight b) {
  return _mm256_sub_ps(a, b);
}
inline Eight times(Eight a, float b) {
  return _mm256_mul_ps(a, all(b));
}
/// c + a b, rounded once.
inline Eight fused(Eight a, Eight b, Eight c) {
  return _mm256_fmadd_ps(a, b, c);
}

/// Of eight rows of eight, their columns.
inline void transpose(Eight (&rows)[kLanes]) {
  Eight pairs[kLanes], fours[kLanes];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < 2; ++k) {
      const Eight low = pairs[4 * i + k], high = pairs[4 * i + 2 + k];
      fours[4 * i + 2 * k] = _mm256_shuffle_ps(low, high, 0x44);
      fours[4 * i + 2 * k + 1] = _mm256_shuffle_ps(low, high, 0xEE);
    }
  }
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

#else

struct Eight {
  float lane[kLanes];
};

inline Eight all(float value) {
  Eight made;
  for (float& lane : made.lane) lane = value;
  return made;
}
inline Eight zero() {
  return all(0);
}
inline Eight load(const float* from) {
  Eight made;
  for (int i = 0; i < kLanes; ++i) made.lane[i] = from[i];
  return made;
}
inline void store(float* to, const Eight& value) {
  for (int i = 0; i < kLanes; ++i) to[i] = value.lane[i];
}
inline Eight plus(Eight a, const Eight& b) {
  for (int i = 0; i < kLanes; ++i) a.lane[i] += b.lane[i];
  return a;
}
inline Eight minus(Eight a, const Eight& b) {
  for (int i = 0; i < kLanes; ++i) a.lane[i] -= b.lane[i];
  return a;
}
inline Eight times(Eight a, float b) {
  for (float& lane : a.lane) lane *= b;
  return a;
}
inline Eight fused(Eight a, const Eight& b, const Eight& c) {
  for (int i = 0; i < kLanes; ++i) a.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
  return a;
}
inline void transpose(Eight (&rows)[kLanes]) {
  for (int i = 0; i < kLanes; ++i) {
    for (int k = 0; k < i; ++k) {
      const float lane = rows[i].lane[k];
      rows[i].lane[k] = rows[k].lane[i];
      rows[k].lane[i] = lane;
    }
  }
}

#endif

}  // namespace
}  // namespace imgcls::kernels
