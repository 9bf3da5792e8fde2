#include <imgcls/log/histogram.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace imgcls::report {
namespace {

/// The limits: each is the upper one of a bucket.
const std::vector<double>& bucket_limits() {
  static const std::vector<double> limits = [] {
    std::vector<double> positive;
    for (double limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push_back(limit);
    std::vector<double> all;
    for (auto limit = positive.rbegin(); limit != positive.rend(); ++limit) all.push_back(-*limit);
    all.push_back(0);
    all.insert(all.end(), positive.begin(), positive.end());
    all.push_back(HUGE_VAL);
    return all;
  }();
  return limits;
}

}  // namespace

Histogram make_histogram(std::span<const float> values) {
  const std::vector<double>& limits = bucket_limits();
  std::vector<double> counts(limits.size(), 0);
  Histogram histogram;
  for (const float given : values) {
    if (!std::isfinite(given)) continue;
    const double value = given;
    histogram.min = histogram.count == 0 ? value : std::min(histogram.min, value);
    histogram.max = histogram.count == 0 ? value : std::max(histogram.max, value);
    histogram.count += 1;
    histogram.sum += value;
    histogram.sum_of_squares += value * value;
    counts[static_cast<std::size_t>(std::ranges::upper_bound(limits, value) - limits.begin())] += 1;
  }
  const auto is_used = [](double count) { return count > 0; };
  const auto first = std::ranges::find_if(counts, is_used);
  if (first == counts.end()) return histogram;
  const auto last = std::find_if(counts.rbegin(), counts.rend(), is_used).base();
  histogram.counts.assign(first, last);
  histogram.limits.assign(limits.begin() + (first - counts.begin()),
                          limits.begin() + (last - counts.begin()));
  // JSON and protocol buffers' readers are at ease with finite limits.
  if (std::isinf(histogram.limits.back())) histogram.limits.back() = histogram.max;
  return histogram;
}

}  // namespace imgcls::report
