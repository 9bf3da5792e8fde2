#pragma once
// A filter's weights in the order and form that the kernels read. Internal to imgcls::data.

#include <imgcls/image/resize/filter.h>
#include <imgcls/image/resize/kernels.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::data {

/// The table of a filter across rows. Keeps its memory.
class AcrossTableMaker {
 public:
  /// For rows of `columns` pixels, the first of which is number `column0` of the filter's input;
  /// with `flip` outputs run from right to left. False where the vector kernels cannot make such
  /// rows within their bounds, because input or output is only a few pixels wide.
  bool make(const ResizeFilter& filter, int column0, int columns, bool flip);

  AcrossTable table() const { return {groups_.data(), groups_.size(), weights_.data(), pairs_}; }

 private:
  int pairs_ = 0;
  std::vector<AcrossGroup> groups_;
  std::vector<WeightPair> weights_;
};

/// Pairs of taps of every output of a filter.
inline int pairs_of(const ResizeFilter& filter) {
  return (filter.max_count + 1) / 2;
}

/// Packs `count` weights into `pairs` pairs, the first at tap `shift`; other taps weigh nothing.
void pack_weights(const std::int32_t* weights, int count, int shift, int pairs, WeightPair* packed);

}  // namespace imgcls::data
