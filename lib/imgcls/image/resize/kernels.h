#pragma once
// The inner loops of resizing: rows of RGB bytes across and down. One set of them for each kind of
// vector unit; all give the same bits, since their sums are of integers. Internal to imgcls::data.
//
//   kernels.cpp         the portable ones, and the choice at run time
//   kernels_x86.h       the vector ones, for a vector of any width
//   kernels_avx2.cpp    made for 32 bytes
//   kernels_avx512.cpp  made for 64 bytes
//
// This header and kernels_x86.h are read by files that are compiled for a newer processor
// than the rest: they define no inline function that another file might then run.

#include <imgcls/core/instruction_set.h>

#include <cstddef>
#include <cstdint>

namespace imgcls::data {

template <class Weight>
struct WeightedFilter;
using ResizeFilter = WeightedFilter<std::int32_t>;

/// The weights of two neighbouring taps. A weight of 22 bits and a sign is two numbers of 16 bits,
/// high * 2^kLowBits + low with 0 <= low < 2^kLowBits, so that vectors can multiply and add pairs;
/// each word here holds the first tap's in its lower half, the second tap's in its upper half.
struct WeightPair {
  std::int32_t high;
  std::int32_t low;
};
constexpr int kLowBits = 11;

/// Outputs across a row are made in groups of this many.
constexpr int kGroup = 4;

/// Four neighbouring outputs of a row.
struct AcrossGroup {
  /// Where 16 bytes are read for each output's first taps, in bytes from the row's begin.
  std::int32_t offset[kGroup];
  /// How far that is before the first tap, in each of the word's four bytes: not 0 near the row's
  /// end, so that nothing behind it is read.
  std::int32_t delta;
  /// Where the outputs go, in bytes.
  std::int32_t output;
};

/// All outputs of a row, as `across` of the vector kernels wants them. The last group may overlap
/// the one before it.
struct AcrossTable {
  const AcrossGroup* groups;
  std::size_t size;
  const WeightPair* weights;  ///< size x kGroup x pairs
  int pairs;                  ///< pairs of taps of an output
};

/// One set of kernels. Inputs and outputs do not overlap; nothing outside of them is read or
/// written.
struct ResizeKernels {
  /// Rows that `across` makes in one call; 0 if there is only across_portable.
  int rows;
  /// Makes `rows` output rows of as many input rows; the same pair of pointers may occur
  /// repeatedly.
  void (*across)(const AcrossTable& table, const std::uint8_t* const* in, std::uint8_t* const* out);
  /// Bytes that a row must have at least for `down`.
  std::size_t min_bytes;
  /// Makes an output row of `bytes` bytes of 2 * pairs input rows.
  void (*down)(const WeightPair* weights, int pairs, const std::uint8_t* const* in,
               std::size_t bytes, std::uint8_t* out);
};

/// The kernels for an instruction set, which the processor must have.
const ResizeKernels& resize_kernels(InstructionSet instruction_set);

/// Makes an output row of one input row whose first pixel is number `column0` of the filter's
/// input; with `flip`, from right to left.
void across_portable(const ResizeFilter& filter, int column0, bool flip, const std::uint8_t* in,
                     std::uint8_t* out);

}  // namespace imgcls::data
