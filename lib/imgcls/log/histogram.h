#pragma once
// A histogram of a tensor's values with TensorBoard's buckets.

#include <span>
#include <vector>

namespace imgcls::report {

/// Counts of values in buckets whose limits grow by 1.1, from 1e-12 to 1e20 on both sides of 0.
struct Histogram {
  double min = 0, max = 0;  ///< of the finite values; 0 without any
  /// How many there are, and the sums of them and of their squares.
  double count = 0, sum = 0, sum_of_squares = 0;
  /// Upper limits and counts, from the first to the last bucket that is not empty.
  std::vector<double> limits, counts;
};

/// The histogram of `values`; those that are not finite are left out.
Histogram make_histogram(std::span<const float> values);

}  // namespace imgcls::report
