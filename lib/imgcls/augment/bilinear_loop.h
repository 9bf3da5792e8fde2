// The loop of bilinear transforms, as pixel_loops.h has the others, which includes this file.
// Internal to imgcls::data.

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

// By reference: how a vector is returned differs between the sets.
inline void load_pixel(const Byte* from, Four& pixel) {
#ifdef __AVX2__
  int bytes;
  __builtin_memcpy(&bytes, from, 4);
  pixel = _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
#else
  FourBytes bytes;
  __builtin_memcpy(&bytes, from, 4);
  pixel = __builtin_convertvector(__builtin_convertvector(bytes, FourInts), Four);
#endif
}

inline void store_pixel(const Four& pixel, Byte* to) {
#ifdef __AVX2__
  const __m128i order = _mm_setr_epi8(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const int bytes = _mm_cvtsi128_si32(_mm_shuffle_epi8(_mm256_cvttpd_epi32(pixel), order));
  __builtin_memcpy(to, &bytes, 3);
#else
  const FourInts whole = __builtin_convertvector(pixel, FourInts);
  for (int k = 0; k < 3; ++k) to[k] = static_cast<Byte>(whole[k]);
#endif
}

// Where some neighbouring pixels of a row come from. Made for all of them first, four at a time.
constexpr int kAhead = 32;
using FourMasks = std::int64_t __attribute__((vector_size(32)));
struct Places {
  FourMasks inside[kAhead / 4];                   // 0: nowhere in the source
  FourInts left[kAhead / 4], right[kAhead / 4];   // columns, kept within the source
  FourInts upper[kAhead / 4], lower[kAhead / 4];  // rows, likewise
  Four across[kAhead / 4], down[kAhead / 4];      // shares of the right and the lower ones
};

// Four coordinates' whole parts and fractions, half a pixel before `at`, and the two pixels that
// each lies between. `at` may be anything; it counts only where it is inside, and there it is not
// changed.
inline void split(const Four& at, int size, Four& share, FourInts& first, FourInts& second) {
  const Four zero{}, one = zero + 1.0, most = zero + static_cast<double>(size);
  const FourInts begin{}, last = begin + (size - 1);
  Four kept = at < most ? at : most;
  kept = (zero < kept ? kept : zero) - 0.5;
  Four whole = __builtin_convertvector(__builtin_convertvector(kept, FourInts), Four);
  whole -= whole > kept ? one : zero;
  share = kept - whole;
  const FourInts before = __builtin_convertvector(whole, FourInts), behind = before + 1;
  first = before < begin ? begin : before;
  first = first < last ? first : last;
  second = behind < last ? behind : last;
}

inline void find_places(const double* m, int begin, int row, int columns, int rows,
                        Places& places) {
  const double y_out = row + 0.5, width = columns, height = rows;
  for (int k = 0; k < kAhead / 4; ++k) {
    const double at = begin + 4 * k;  // whole and small, so that adding a half to it is exact
    const Four x_out = Four{0.5, 1.5, 2.5, 3.5} + at;
    const Four x = m[0] * x_out + m[1] * y_out + m[2];
    const Four y = m[3] * x_out + m[4] * y_out + m[5];
    places.inside[k] = (x >= 0.0) & (x < width) & (y >= 0.0) & (y < height);
    split(x, columns, places.across[k], places.left[k], places.right[k]);
    split(y, rows, places.down[k], places.upper[k], places.lower[k]);
  }
}

void bilinear_row(const BilinearSource& source, const double* m, int row, const Byte fill[3],
                  Byte* __restrict out) {
  Places places;
  for (int i = 0; i < source.width; ++i, out += 3) {
    if (i % kAhead == 0) find_places(m, i, row, source.width, source.height, places);
    const int k = i % kAhead / 4, lane = i % 4;
    if (places.inside[k][lane] == 0) {
      for (int c = 0; c < 3; ++c) out[c] = fill[c];
      continue;
    }
    const std::size_t left = 3 * static_cast<std::size_t>(places.left[k][lane]);
    const std::size_t right = 3 * static_cast<std::size_t>(places.right[k][lane]);
    const double across = places.across[k][lane], down = places.down[k][lane];
    const Byte* upper =
        source.pixels + static_cast<std::size_t>(places.upper[k][lane]) * source.stride;
    Four a, b;
    load_pixel(upper + left, a);
    load_pixel(upper + right, b);
    Four mixed = a + (b - a) * across;
    if (down != 0) {  // not where rows come from rows (shear_x)
      const Byte* lower =
          source.pixels + static_cast<std::size_t>(places.lower[k][lane]) * source.stride;
      Four c, d;
      load_pixel(lower + left, c);
      load_pixel(lower + right, d);
      mixed = mixed + (c + (d - c) * across - mixed) * down;
    }
    store_pixel(mixed, out);
  }
}

}  // namespace
}  // namespace imgcls::data
