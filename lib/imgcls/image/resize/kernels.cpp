#include <imgcls/image/resize/filter.h>
#include <imgcls/image/resize/kernels.h>

#include <algorithm>
#include <initializer_list>

namespace imgcls::data {

#ifdef IMGCLS_X86
extern const ResizeKernels kResizeAvx2;
extern const ResizeKernels kResizeAvx512;
#endif

namespace {

std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

struct Weights {
  std::int32_t first;
  std::int32_t second;
};

Weights unpack(WeightPair pair) {
  const auto low_half = [](std::int32_t word) { return static_cast<std::int16_t>(word & 0xffff); };
  return {low_half(pair.high) * (1 << kLowBits) + low_half(pair.low),
          (pair.high >> 16) * (1 << kLowBits) + (pair.low >> 16)};
}

void down_portable(const WeightPair* weights, int pairs, const std::uint8_t* const* in,
                   std::size_t bytes, std::uint8_t* out) {
  constexpr std::size_t kBlock = 256;  // sums that stay in the first-level cache
  std::int32_t sums[kBlock];
  for (std::size_t begin = 0; begin < bytes; begin += kBlock) {
    const std::size_t size = std::min(kBlock, bytes - begin);
    std::fill_n(sums, size, kHalf);
    for (int pair = 0; pair < pairs; ++pair) {
      const auto [first, second] = unpack(weights[pair]);
      const std::uint8_t* a = in[2 * pair] + begin;
      const std::uint8_t* b = in[2 * pair + 1] + begin;
      for (std::size_t i = 0; i < size; ++i) sums[i] += first * a[i] + second * b[i];
    }
    for (std::size_t i = 0; i < size; ++i) out[begin + i] = to_pixel(sums[i]);
  }
}

constexpr ResizeKernels kPortable{0, nullptr, 0, down_portable};

}  // namespace

void across_portable(const ResizeFilter& filter, int column0, bool flip, const std::uint8_t* in,
                     std::uint8_t* out) {
  const std::size_t outputs = filter.taps.size();
  for (std::size_t i = 0; i < outputs; ++i) {
    const auto [first, count] = filter.taps[i];
    const std::int32_t* weights = filter.weights_of(i);
    const std::uint8_t* pixel = in + 3 * static_cast<std::ptrdiff_t>(first - column0);
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int k = 0; k < count; ++k, pixel += 3) {
      red += weights[k] * pixel[0];
      green += weights[k] * pixel[1];
      blue += weights[k] * pixel[2];
    }
    std::uint8_t* target = out + 3 * (flip ? outputs - 1 - i : i);
    target[0] = to_pixel(red);
    target[1] = to_pixel(green);
    target[2] = to_pixel(blue);
  }
}

const ResizeKernels& resize_kernels(InstructionSet instruction_set) {
#ifdef IMGCLS_X86
  if (instruction_set == InstructionSet::avx2) return kResizeAvx2;
  if (instruction_set == InstructionSet::avx512) return kResizeAvx512;
#endif
  static_cast<void>(instruction_set);
  return kPortable;
}

}  // namespace imgcls::data
