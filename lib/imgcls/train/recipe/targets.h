#pragma once
// What images are to be taken for: a class each or, of mixed images, two; of multi-label data any
// number; and what a teacher takes them for.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace imgcls::train {

/// What N images are to be taken for; `narrow` and micro-batches cut all of it alike.
struct Targets {
  at::Tensor labels;         ///< int64, N: the classes
  at::Tensor partners = {};  ///< int64, N: the classes of what was mixed in; undefined: nothing was
  at::Tensor shares = {};    ///< float, N: share of `labels`, the rest is the partners'
  at::Tensor teacher = {};   ///< float, N x classes: a teacher's logits; undefined: there is none
  /// float, N x classes, 0 to 1: of multi-label data, what counts instead of `labels`, `partners`
  /// and `shares`, mixed already; undefined: images have one class each
  at::Tensor sets = {};
  /// Images that are views of one, one behind the other; N is a multiple of them.
  int views = 1;

  bool is_mixed() const { return partners.defined(); }  ///< whether images have a second class

  /// Those of `length` images from `start`.
  Targets narrow(std::int64_t start, std::int64_t length) const;

  /// Rows of probabilities, float N x classes. `smoothing` of each row is spread over all classes;
  /// of multi-label data they are `sets`, which are not smoothed.
  at::Tensor rows(std::int64_t classes, double smoothing = 0) const;
};

}  // namespace imgcls::train
