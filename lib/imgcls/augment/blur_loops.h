// The loops of blurs, as pixel_loops.h has the others, which includes this file. Internal to
// imgcls::data.

#include <imgcls/augment/pixel_kernels.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace imgcls::data {
namespace {

using Byte = std::uint8_t;

void box_blur(const BoxWeights& box, const Byte* in, int length, std::size_t lanes,
              std::uint32_t* __restrict sums, Byte* out) {
  const auto place = [&](int at) {
    at = at < 0 ? 0 : at < length ? at : length - 1;
    return in + static_cast<std::size_t>(at) * lanes;
  };
  for (std::size_t i = 0; i < lanes; ++i) sums[i] = 0;
  for (int at = -box.radius - 1; at < box.radius; ++at) {  // the box of the place before the first
    const Byte* values = place(at);
    for (std::size_t i = 0; i < lanes; ++i) sums[i] += values[i];
  }
  for (int at = 0; at < length; ++at, out += lanes) {
    const Byte* left = place(at - box.radius - 1);
    const Byte* added = place(at + box.radius);
    const Byte* right = place(at + box.radius + 1);
    Byte* __restrict made = out;
    for (std::size_t i = 0; i < lanes; ++i) {
      sums[i] += std::uint32_t{added[i]} - left[i];
      const std::uint32_t ends = std::uint32_t{left[i]} + right[i];
      made[i] = static_cast<Byte>((sums[i] * box.whole + ends * box.outer + (1U << 23)) >> 24);
    }
  }
}

// Sums that are kept in registers while all rows are gone through.
constexpr std::size_t kSums = 32;

void weighted_sum(const float* const* rows, const float* weights, int count, std::size_t values,
                  float* __restrict out) {
  std::size_t i = 0;
  for (; i + kSums <= values; i += kSums) {
    float sums[kSums] = {};
    for (int k = 0; k < count; ++k) {
      const float* row = rows[k] + i;
      for (std::size_t j = 0; j < kSums; ++j) sums[j] += weights[k] * row[j];
    }
    for (std::size_t j = 0; j < kSums; ++j) out[i + j] = sums[j];
  }
  for (; i < values; ++i) {
    float sum = 0;
    for (int k = 0; k < count; ++k) sum += weights[k] * rows[k][i];
    out[i] = sum;
  }
}

// Adding and taking away 1.5 * 2^23 rounds what is below 2^22 to a whole number, halves to even
// ones, as nearbyint does.
void round_to_bytes(const float* __restrict values, std::size_t count, Byte* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) {
    const float kept = values[i] < 0 ? 0 : values[i] > 255 ? 255 : values[i];
    constexpr float kMagic = 12582912;
    out[i] = static_cast<Byte>(static_cast<int>(kept + kMagic - kMagic));
  }
}

}  // namespace
}  // namespace imgcls::data
