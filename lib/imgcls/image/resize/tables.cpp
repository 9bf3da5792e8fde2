#include <imgcls/image/resize/tables.h>

#include <algorithm>

namespace imgcls::data {
namespace {

constexpr int kLoad = 16;  // bytes that a kernel reads at once

// How far before its first tap an output may be read instead: so far that the last load ends with
// the last tap. Loads are of four taps, but of two where there are only two.
int delta_of(int pairs) {
  return pairs == 1 ? kLoad - 6 : kLoad - 12;
}

// The lower 16 bits of `part` as the first or second half of a word.
std::int32_t as_half(std::int32_t part, int half) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(part) & 0xffffU) << (16 * half));
}

}  // namespace

void pack_weights(const std::int32_t* weights, int count, int shift, int pairs,
                  WeightPair* packed) {
  constexpr std::int32_t kMask = (1 << kLowBits) - 1;
  std::fill_n(packed, pairs, WeightPair{0, 0});
  for (int i = 0; i < count; ++i) {
    const int tap = shift + i;
    packed[tap / 2].high |= as_half(weights[i] >> kLowBits, tap % 2);
    packed[tap / 2].low |= as_half(weights[i] & kMask, tap % 2);
  }
}

bool AcrossTableMaker::make(const ResizeFilter& filter, int column0, int columns, bool flip) {
  pairs_ = pairs_of(filter);
  const std::size_t outputs = filter.taps.size();
  if (outputs < kGroup || columns < 2 * pairs_) return false;
  groups_.resize((outputs + kGroup - 1) / kGroup);
  weights_.resize(groups_.size() * kGroup * static_cast<std::size_t>(pairs_));
  WeightPair* packed = weights_.data();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const std::size_t begin = std::min(g * kGroup, outputs - kGroup);
    AcrossGroup& group = groups_[g];
    group.output = static_cast<std::int32_t>(3 * begin);
    bool fits = true;       // read from the first tap on, no load goes beyond the row
    bool fits_back = true;  // read from `delta` bytes before it, none begins before the row
    for (std::size_t k = 0; k < kGroup; ++k) {
      const std::size_t output = flip ? outputs - 1 - (begin + k) : begin + k;
      const auto taps = filter.taps[output];
      const int wanted = taps.first - column0;
      const int first = std::min(wanted, columns - 2 * pairs_);
      group.offset[k] = 3 * first;
      fits = fits && 3 * first + 6 * pairs_ + delta_of(pairs_) <= 3 * columns;
      fits_back = fits_back && 3 * first >= delta_of(pairs_);
      pack_weights(filter.weights_of(output), taps.count, wanted - first, pairs_, packed);
      packed += pairs_;
    }
    if (!fits && !fits_back) return false;
    const int delta = fits ? 0 : delta_of(pairs_);
    for (auto& offset : group.offset) offset -= delta;
    group.delta = delta * 0x01010101;
  }
  return true;
}

}  // namespace imgcls::data
