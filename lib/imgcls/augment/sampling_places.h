// Where the pixels of a transformed row come from, for sampling_loops.h. Internal to imgcls::data.

#include <imgcls/augment/pixel_kernels.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace imgcls::data {
namespace {

using Byte = std::uint8_t;

// A pixel's channels side by side, and a fourth number that is not used.
using Four = double __attribute__((vector_size(32)));
using FourInts = std::int32_t __attribute__((vector_size(16)));
using FourBytes = Byte __attribute__((vector_size(4)));
using FourMasks = std::int64_t __attribute__((vector_size(32)));

// Vectors are passed by reference: how they are returned differs between the sets.
inline void to_double(const FourInts& whole, Four& made) {
#ifdef __AVX2__  // GCC 12 would make two halves
  made = _mm256_cvtepi32_pd(reinterpret_cast<__m128i>(whole));
#else
  made = __builtin_convertvector(whole, Four);
#endif
}

inline void load_pixel(const Byte* from, FourInts& pixel) {
#ifdef __AVX2__
  int bytes;
  __builtin_memcpy(&bytes, from, 4);
  pixel = reinterpret_cast<FourInts>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
#else
  FourBytes bytes;
  __builtin_memcpy(&bytes, from, 4);
  pixel = __builtin_convertvector(bytes, FourInts);
#endif
}

inline void load_pixel(const Byte* from, Four& pixel) {
  FourInts whole;
  load_pixel(from, whole);
  to_double(whole, pixel);
}

// Cut to whole numbers, which must be within an int's range, and kept within 0 .. 255.
inline void store_pixel(const Four& pixel, Byte* to) {
#ifdef __AVX2__
  const __m128i words = _mm_packus_epi32(_mm256_cvttpd_epi32(pixel), _mm_setzero_si128());
  const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  __builtin_memcpy(to, &bytes, 3);
#else
  const FourInts whole = __builtin_convertvector(pixel, FourInts);
  for (int k = 0; k < 3; ++k) {
    to[k] = static_cast<Byte>(whole[k] < 0 ? 0 : whole[k] > 255 ? 255 : whole[k]);
  }
#endif
}

// So many neighbours of a row have their places found first, four at a time.
constexpr int kAhead = 32;

struct Places {
  FourMasks inside[kAhead / 4];                  // 0: nowhere in the source
  FourInts column[kAhead / 4], row[kAhead / 4];  // whole parts; -1 or more
  Four across[kAhead / 4], down[kAhead / 4];     // fractions
};

// Whether a place lies between the centres of pixels, or in one pixel.
enum class PlaceKind { between, within };

// Four coordinates' whole parts and, for those between, fractions. `at` may be anything; it counts
// only where it is inside, and there it is not changed.
template <PlaceKind kind>
inline void split(const Four& at, int size, Four& share, FourInts& whole) {
  const Four zero{}, one = zero + 1.0, most = zero + static_cast<double>(size);
  Four kept = at < most ? at : most;
  kept = zero < kept ? kept : zero;
  if constexpr (kind == PlaceKind::within) {
    whole = __builtin_convertvector(kept, FourInts);
    return;
  }
  kept -= 0.5;
  Four floor;
  to_double(__builtin_convertvector(kept, FourInts), floor);
  floor -= floor > kept ? one : zero;
  share = kept - floor;
  whole = __builtin_convertvector(floor, FourInts);
}

// The places of kAhead pixels from `begin` on.
template <PlaceKind kind>
inline void find_places(const TransformSource& source, const double* m, int begin, int row,
                        Places& places) {
  const bool projective = m[6] != 0 || m[7] != 0;
  const double y_out = row + 0.5, width = source.width, height = source.height;
  for (int k = 0; k < kAhead / 4; ++k) {
    const double at = begin + 4 * k;  // whole and small, so that adding a half to it is exact
    const Four x_out = Four{0.5, 1.5, 2.5, 3.5} + at;
    Four x = m[0] * x_out + m[1] * y_out + m[2];
    Four y = m[3] * x_out + m[4] * y_out + m[5];
    if (projective) {
      const Four share = m[6] * x_out + m[7] * y_out + 1.0;
      x = x / share;
      y = y / share;
    }
    places.inside[k] = (x >= 0.0) & (x < width) & (y >= 0.0) & (y < height);
    split<kind>(x, source.width, places.across[k], places.column[k]);
    split<kind>(y, source.height, places.down[k], places.row[k]);
  }
}

// Calls `pixel(place, lane, out)` for each pixel of a row that lies in the source, and fills the
// others; `prepare()` after places were found anew.
template <PlaceKind kind, class Prepare, class Pixel>
inline void each_place(const TransformSource& source, const double* m, int row, const Byte fill[3],
                       Byte* out, Places& places, const Prepare& prepare, const Pixel& pixel) {
  for (int i = 0; i < source.width; ++i, out += 3) {
    if (i % kAhead == 0) {
      find_places<kind>(source, m, i, row, places);
      prepare();
    }
    const int k = i % kAhead / 4, lane = i % 4;
    if (places.inside[k][lane] != 0) {
      pixel(k, lane, out);
    } else {
      for (int c = 0; c < 3; ++c) out[c] = fill[c];
    }
  }
}

}  // namespace
}  // namespace imgcls::data
