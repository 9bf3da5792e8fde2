// Compiled without contraction of a * b + c, which would change the last bits of weights.
#include <imgcls/image/resize/filter.h>

#include <algorithm>
#include <cmath>

namespace imgcls::data {
namespace {

struct Triangle {
  static constexpr double kSupport = 1.0;
  static double at(double x) {
    x = std::abs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
  }
};

/// Keys' cubic convolution with a = -0.5.
struct Cubic {
  static constexpr double kSupport = 2.0;
  static constexpr double kA = -0.5;
  static double at(double x) {
    x = std::abs(x);
    if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
    return 0.0;
  }
};

// Pillow's rounding, not std::lround's: its bits are the aim.
int round_half_up(double value) {
  return static_cast<int>(value + 0.5);  // NOLINT(bugprone-incorrect-roundings)
}

void set(std::int32_t& fixed, double weight) {
  const double scaled = weight * (1 << kFractionBits);
  fixed = static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

void set(double& exact, double weight) {
  exact = weight;
}

// A shape as wide as its support in pixels of the coarser grid, cut at the edges.
template <class Shape, class Weight>
void make_filter(WeightedFilter<Weight>& filter, std::vector<double>& exact, int in, int out,
                 int begin, int end) {
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = Shape::kSupport * filter_scale;
  const double inverse = 1.0 / filter_scale;
  filter.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  filter.max_count = 0;
  filter.taps.resize(static_cast<std::size_t>(end - begin));
  filter.weights.resize(filter.taps.size() * static_cast<std::size_t>(filter.stride));
  exact.resize(static_cast<std::size_t>(filter.stride));
  Weight* weights = filter.weights.data();
  for (int i = begin; i < end; ++i, weights += filter.stride) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, round_half_up(center - support));
    const int count = std::min(in, round_half_up(center + support)) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      const double weight = Shape::at((k + first - center + 0.5) * inverse);
      exact[static_cast<std::size_t>(k)] = weight;
      sum += weight;
    }
    if (sum == 0.0) sum = 1.0;
    for (int k = 0; k < count; ++k) {
      set(weights[k], exact[static_cast<std::size_t>(k)] / sum);
    }
    filter.taps[static_cast<std::size_t>(i - begin)] = {first, count};
    filter.max_count = std::max(filter.max_count, count);
  }
}

}  // namespace

template <class Weight>
void WeightedFilter<Weight>::make(int in, int out, int begin, int end,
                                  Interpolation interpolation) {
  if (interpolation == Interpolation::bicubic) {
    make_filter<Cubic>(*this, exact_, in, out, begin, end);
  } else {
    make_filter<Triangle>(*this, exact_, in, out, begin, end);
  }
}

template struct WeightedFilter<std::int32_t>;
template struct WeightedFilter<double>;

}  // namespace imgcls::data
