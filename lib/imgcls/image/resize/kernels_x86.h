#pragma once
// The kernels for x86, for a vector V of 16-byte lanes (see kernels_avx2.cpp for what V is).
// Internal to imgcls::data. Included by files that are compiled for V's instruction set, hence the
// unnamed namespace.
//
// Pixels are widened to 16 bits and multiplied in pairs of taps: madd adds two neighbouring
// products into 32 bits. Of a weight's two parts the sums of the upper one are shifted into place
// at the end, modulo 2^32, which the sum itself fits.

#include <imgcls/image/resize/kernels.h>

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::data {
namespace {

constexpr int kShift = 22;
constexpr std::int32_t kRound = 1 << (kShift - 1);

/// Bytes of 16 that hold pixels 0 and 1, as pairs of 16 bits: red of both, green of both, blue of
/// both, nothing.
alignas(16) constexpr std::int8_t kFirstPair[16] = {0, -128, 3, -128, 1,    -128, 4,    -128,
                                                    2, -128, 5, -128, -128, -128, -128, -128};
/// The same of pixels 2 and 3.
alignas(16) constexpr std::int8_t kSecondPair[16] = {6, -128, 9,  -128, 7,    -128, 10,   -128,
                                                     8, -128, 11, -128, -128, -128, -128, -128};
/// Four pixels of four bytes to three bytes each.
alignas(16) constexpr std::int8_t kDropFourth[16] = {0,  1,  2,  4,  5,    6,    8,    9,
                                                     10, 12, 13, 14, -128, -128, -128, -128};

/// One lane of a vector.
struct Lane {
  static __m128i load_lane(const std::uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }
  /// The lower 12 bytes.
  static void store_12(std::uint8_t* bytes, __m128i lane) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), lane);
    _mm_storeu_si32(bytes + 8, _mm_shuffle_epi32(lane, 2));
  }
};

/// Sums of products: of the upper parts of weights, and of the lower ones.
template <class V>
struct Sums {
  typename V::Vector high = V::zero();
  typename V::Vector low = V::set32(kRound);

  void add(typename V::Vector pixels, typename V::Vector high_weights,
           typename V::Vector low_weights) {
    high = V::add32(high, V::madd16(pixels, high_weights));
    low = V::add32(low, V::madd16(pixels, low_weights));
  }
  void add(typename V::Vector pixels, const WeightPair& pair) {
    add(pixels, V::set32(pair.high), V::set32(pair.low));
  }
  typename V::Vector result() const {
    return V::template shift_right<kShift>(V::add32(V::template shift_left<kLowBits>(high), low));
  }
};

// One output pixel of each row: V's lanes are rows. kPairs 0: as many as `pairs` says.
template <class V, int kPairs>
typename V::Vector across_pixel(const std::uint8_t* const* in, std::ptrdiff_t offset, int pairs,
                                const WeightPair* weights, typename V::Vector first_pair,
                                typename V::Vector second_pair) {
  if constexpr (kPairs != 0) pairs = kPairs;
  Sums<V> sums;
  int pair = 0;
  for (; pair + 2 <= pairs; pair += 2, offset += 12) {
    const auto bytes = V::load_lanes(in, offset);
    sums.add(V::shuffle8(bytes, first_pair), weights[pair]);
    sums.add(V::shuffle8(bytes, second_pair), weights[pair + 1]);
  }
  if (pairs == 1) {
    sums.add(V::shuffle8(V::load_lanes(in, offset), first_pair), weights[0]);
  } else if (pair < pairs) {
    // The second of four: so the 16 bytes end no further behind the last tap than elsewhere.
    sums.add(V::shuffle8(V::load_lanes(in, offset - 6), second_pair), weights[pair]);
  }
  return sums.result();
}

template <class V, int kPairs>
void across_loop(const AcrossTable& table, const std::uint8_t* const* in,
                 std::uint8_t* const* out) {
  const int pairs = kPairs != 0 ? kPairs : table.pairs;
  const auto first_pair = V::repeat(kFirstPair), second_pair = V::repeat(kSecondPair);
  const auto drop_fourth = V::repeat(kDropFourth);
  const WeightPair* weights = table.weights;
  for (std::size_t i = 0; i < table.size; ++i) {
    const AcrossGroup& group = table.groups[i];
    const auto delta = V::set32(group.delta);
    const auto first = V::add8(first_pair, delta), second = V::add8(second_pair, delta);
    typename V::Vector pixel[kGroup];
    for (int k = 0; k < kGroup; ++k, weights += pairs) {
      pixel[k] = across_pixel<V, kPairs>(in, group.offset[k], pairs, weights, first, second);
    }
    const auto bytes =
        V::pack_to_u8(V::pack_to_16(pixel[0], pixel[1]), V::pack_to_16(pixel[2], pixel[3]));
    V::store_lanes_12(out, group.output, V::shuffle8(bytes, drop_fourth));
  }
}

template <class V>
void across(const AcrossTable& table, const std::uint8_t* const* in, std::uint8_t* const* out) {
  switch (table.pairs) {
    case 1:
      return across_loop<V, 1>(table, in, out);
    case 2:
      return across_loop<V, 2>(table, in, out);
    case 3:
      return across_loop<V, 3>(table, in, out);
    case 4:
      return across_loop<V, 4>(table, in, out);
    default:
      return across_loop<V, 0>(table, in, out);
  }
}

// A vector of output bytes at `at`, in two halves, each of which takes two vectors of sums.
template <class V, int kPairs>
void down_vector(const WeightPair* weights, int pairs, const std::uint8_t* const* in,
                 std::size_t at, std::uint8_t* out) {
  if constexpr (kPairs != 0) pairs = kPairs;
  const auto zero = V::zero();
  typename V::Vector half[2];
  for (int upper = 0; upper < 2; ++upper) {
    Sums<V> sums[2];
    for (int pair = 0; pair < pairs; ++pair) {
      const auto a = V::load(in[2 * pair] + at), b = V::load(in[2 * pair + 1] + at);
      const auto mixed = upper != 0 ? V::mix_upper8(a, b) : V::mix_lower8(a, b);
      sums[0].add(V::mix_lower8(mixed, zero), weights[pair]);
      sums[1].add(V::mix_upper8(mixed, zero), weights[pair]);
    }
    half[upper] = V::pack_to_16(sums[0].result(), sums[1].result());
  }
  V::store(out + at, V::pack_to_u8(half[0], half[1]));
}

template <class V, int kPairs>
void down_loop(const WeightPair* weights, int pairs, const std::uint8_t* const* in,
               std::size_t bytes, std::uint8_t* out) {
  for (std::size_t at = 0; at + V::kBytes <= bytes; at += V::kBytes) {
    down_vector<V, kPairs>(weights, pairs, in, at, out);
  }
  if (bytes % V::kBytes != 0) {  // the last bytes, some of them once more
    down_vector<V, kPairs>(weights, pairs, in, bytes - V::kBytes, out);
  }
}

template <class V>
void down(const WeightPair* weights, int pairs, const std::uint8_t* const* in, std::size_t bytes,
          std::uint8_t* out) {
  switch (pairs) {
    case 1:
      return down_loop<V, 1>(weights, pairs, in, bytes, out);
    case 2:
      return down_loop<V, 2>(weights, pairs, in, bytes, out);
    case 3:
      return down_loop<V, 3>(weights, pairs, in, bytes, out);
    case 4:
      return down_loop<V, 4>(weights, pairs, in, bytes, out);
    default:
      return down_loop<V, 0>(weights, pairs, in, bytes, out);
  }
}

}  // namespace
}  // namespace imgcls::data
