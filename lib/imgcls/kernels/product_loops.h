// Sums of products for convolutions: six rows times sixteen columns are kept in registers. Internal
// to imgcls::kernels.

#include <imgcls/kernels/convolution_kernels.h>
#include <imgcls/kernels/winograd_transforms.h>

namespace imgcls::kernels {
namespace {

constexpr std::size_t kRows = 6;
constexpr std::size_t kRun = 48;  // terms that are added up one after the other

// One term of every sum: `left[i]` times the sixteen of `right`.
template <std::size_t rows>
inline void add_term(const float* const (&left)[rows], std::size_t at, const float* right,
                     Eight (&sums)[rows][2]) {
  const Eight low = load(right), high = load(right + kLanes);
  for (std::size_t i = 0; i < rows; ++i) {
    const Eight value = all(left[i][at]);
    sums[i][0] = fused(value, low, sums[i][0]);
    sums[i][1] = fused(value, high, sums[i][1]);
  }
}

template <std::size_t rows>
inline void clear(Eight (&sums)[rows][2]) {
  for (auto& sum : sums) sum[0] = sum[1] = zero();
}

// Each block's sum begins at 0, and a sum of sums rounds far less than one long sum.
template <std::size_t rows>
inline void multiply_rows(const float* values, std::size_t block_stride, std::size_t blocks,
                          const float* weights, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, values += block_stride) {
    Eight sums[rows][2];
    clear(sums);
    const float* left[rows];
    for (std::size_t i = 0; i < rows; ++i) left[i] = values + i * kPanel;
    // Four steps at a time: of all sixteen, GCC 12 makes code that keeps sums in memory.
    for (std::size_t c = 0; c < kPanel; c += 4, weights += 4 * kPanel) {
      add_term(left, c, weights, sums);
      add_term(left, c + 1, weights + kPanel, sums);
      add_term(left, c + 2, weights + 2 * kPanel, sums);
      add_term(left, c + 3, weights + 3 * kPanel, sums);
    }
    const auto keep = [&](float* to, Eight sum) {
      store(to, block == 0 ? sum : plus(load(to), sum));
    };
    for (std::size_t i = 0; i < rows; ++i) {
      keep(out + i * kPanel, sums[i][0]);
      keep(out + i * kPanel + kLanes, sums[i][1]);
    }
  }
}

void multiply(const float* values, std::size_t rows, std::size_t block_stride, std::size_t blocks,
              const float* weights, float* out) {
  const auto some = [&]<std::size_t count>() {
    multiply_rows<count>(values, block_stride, blocks, weights, out);
    values += count * kPanel;
    out += count * kPanel;
    rows -= count;
  };
  while (rows >= kRows) some.template operator()<kRows>();
  if (rows >= 4) some.template operator()<4>();
  if (rows >= 2) some.template operator()<2>();
  if (rows >= 1) some.template operator()<1>();
}

// The sum over `places`, in sums of kRun at most, likewise.
template <std::size_t rows>
inline void add_rows(const float* values, const float* columns, std::size_t panel_stride,
                     std::size_t places, std::size_t first, std::size_t lanes, bool increase,
                     float* out, std::size_t out_stride) {
  const float* left[rows];
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t k = first + i;
    left[i] = values + k / kPanel * panel_stride + k % kPanel;
  }
  for (std::size_t place = 0; place < places;) {
    const std::size_t end = place + kRun < places ? place + kRun : places;
    const bool add = increase || place > 0;
    Eight sums[rows][2];
    clear(sums);
    for (; place + 4 <= end; place += 4, columns += 4 * kPanel) {
      add_term(left, place * kPanel, columns, sums);
      add_term(left, (place + 1) * kPanel, columns + kPanel, sums);
      add_term(left, (place + 2) * kPanel, columns + 2 * kPanel, sums);
      add_term(left, (place + 3) * kPanel, columns + 3 * kPanel, sums);
    }
    for (; place < end; ++place, columns += kPanel) {
      add_term(left, place * kPanel, columns, sums);
    }
    const auto keep = [&](float* to, Eight sum) { store(to, add ? plus(load(to), sum) : sum); };
    for (std::size_t i = 0; i < rows; ++i) {
      keep(out + i * out_stride, sums[i][0]);
      if (lanes > kLanes) keep(out + i * out_stride + kLanes, sums[i][1]);
    }
  }
}

void add_products(const float* rows, const float* columns, std::size_t panel_stride,
                  std::size_t places, std::size_t k_begin, std::size_t k_end,
                  std::size_t columns_count, bool increase, float* out, std::size_t out_stride) {
  for (std::size_t c = 0; c < columns_count; c += kPanel, columns += panel_stride) {
    const std::size_t lanes = columns_count - c < kPanel ? columns_count - c : kPanel;
    std::size_t k = k_begin;
    const auto some = [&]<std::size_t count>() {
      add_rows<count>(rows, columns, panel_stride, places, k, lanes, increase,
                      out + k * out_stride + c, out_stride);
      k += count;
    };
    while (k + kRows <= k_end) some.template operator()<kRows>();
    if (k + 4 <= k_end) some.template operator()<4>();
    if (k + 2 <= k_end) some.template operator()<2>();
    if (k + 1 <= k_end) some.template operator()<1>();
  }
}

void pack(const float* values, std::size_t channels, float* out, std::size_t block_stride) {
  if (values == nullptr) {
    for (std::size_t c = 0; c < channels; c += kPanel, out += block_stride) {
      store(out, zero());
      store(out + kLanes, zero());
    }
    return;
  }
  for (; channels >= kPanel; channels -= kPanel, values += kPanel, out += block_stride) {
    const Eight low = load(values), high = load(values + kLanes);
    store(out, low);
    store(out + kLanes, high);
  }
  if (channels > 0) {
    store(out, load(values));
    store(out + kLanes, zero());
  }
}

void spin(std::size_t rounds, float* out) {
  Eight sums[kSpin / kLanes];
  for (Eight& sum : sums) sum = zero();
  const Eight half = all(0.5F), one = all(1);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Eight& sum : sums) sum = fused(sum, half, one);
  }
  for (std::size_t i = 1; i < kSpin / kLanes; ++i) sums[0] = plus(sums[0], sums[i]);
  store(out, sums[0]);
}

constexpr ConvolutionKernels kLoops{.transform_input = transform_input,
                                    .transform_gradient = transform_gradient,
                                    .transform_weights = transform_weights,
                                    .transform_turned_weights = transform_turned_weights,
                                    .transform_output = transform_output,
                                    .transform_weight_gradient = transform_weight_gradient,
                                    .multiply = multiply,
                                    .add_products = add_products,
                                    .pack = pack,
                                    .spin = spin};

}  // namespace
}  // namespace imgcls::kernels
