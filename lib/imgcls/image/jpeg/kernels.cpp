// The portable kernels, and the choice between them and those of an instruction set.
#include <imgcls/image/jpeg/kernels.h>
#include <imgcls/image/jpeg/kernels_avx2.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace imgcls::data {
namespace {

using Lanes = std::array<std::int16_t, 8>;

std::int16_t wrapped(int value) {
  return static_cast<std::int16_t>(value);
}

std::int16_t saturated(std::int32_t value) {
  return static_cast<std::int16_t>(std::clamp(value, -32768, 32767));
}

std::uint8_t pixel(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// One dimension of the transform of libjpeg's jidctint.c (Loeffler, Ligtenberg and Moschytz 1989,
// with 13 fractional bits), on one column, with results shifted down by `shift`. Sums that
// libjpeg-turbo's vector code forms in 16 bits wrap as there, and results saturate as there; a sane
// file reaches neither.
void transform(std::array<Lanes, 8>& rows, std::size_t lane, int shift) {
  const auto in = [&](std::size_t row) -> std::int32_t { return rows[row][lane]; };
  const auto sum = [](std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a + b);
  };
  const auto product = [](std::int32_t a, std::int32_t b) {
    return static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b);
  };
  // Even part.
  const std::uint32_t e2 = product(in(2), 4433) + product(in(6), 4433 - 15137);
  const std::uint32_t e3 = product(in(2), 4433 + 6270) + product(in(6), 4433);
  const std::uint32_t e0 = product(wrapped(in(0) + in(4)), 1 << 13);
  const std::uint32_t e1 = product(wrapped(in(0) - in(4)), 1 << 13);
  const std::array<std::uint32_t, 4> even = {e0 + e3, e1 + e2, e1 - e2, e0 - e3};
  // Odd part.
  const std::int32_t s3 = wrapped(in(7) + in(3)), s4 = wrapped(in(5) + in(1));
  const std::uint32_t z3 = product(s3, 9633 - 16069) + product(s4, 9633);
  const std::uint32_t z4 = product(s3, 9633) + product(s4, 9633 - 3196);
  const std::array<std::uint32_t, 4> odd = {
      product(in(7), -7373) + product(in(1), 12299 - 7373) + z4,
      product(in(5), -20995) + product(in(3), 25172 - 20995) + z3,
      product(in(5), 16819 - 20995) + product(in(3), -20995) + z4,
      product(in(7), 2446 - 7373) + product(in(1), -7373) + z3};
  const std::uint32_t half = 1U << (shift - 1);
  for (std::size_t i = 0; i < 4; ++i) {
    rows[i][lane] = saturated(sum(even[i] + half, odd[i]) >> shift);
    rows[7 - i][lane] = saturated(sum(even[i] + half, 0 - odd[i]) >> shift);
  }
}

bool inverse_dct_of_one(const std::int16_t* coefficients, const std::int16_t* quantization,
                        std::uint8_t* out, std::size_t stride) {
  std::array<Lanes, 8> rows;
  int largest = 0;
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    rows[i / 8][i % 8] = wrapped(coefficients[i] * quantization[i]);
    largest = std::max(largest, std::abs(int{rows[i / 8][i % 8]}));
  }
  for (std::size_t column = 0; column < 8; ++column) transform(rows, column, 13 - 2);
  std::array<Lanes, 8> columns;
  for (std::size_t i = 0; i < kBlockSize; ++i) columns[i % 8][i / 8] = rows[i / 8][i % 8];
  for (std::size_t row = 0; row < 8; ++row) transform(columns, row, 13 + 2 + 3);
  for (std::size_t y = 0; y < 8; ++y) {
    for (std::size_t x = 0; x < 8; ++x) out[y * stride + x] = pixel(columns[x][y] + 128);
  }
  return largest <= kMaxCoefficient;
}

bool inverse_dct(const std::int16_t* coefficients, const std::int16_t* quantization,
                 std::uint8_t* const* out, std::size_t stride) {
  const bool first = inverse_dct_of_one(coefficients, quantization, out[0], stride);
  return inverse_dct_of_one(coefficients + kBlockSize, quantization, out[1], stride) && first;
}

// JFIF's formula with 16 fractional bits, as libjpeg's jdcolor.c rounds it.
void to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width,
            std::uint8_t* rgb) {
  constexpr int kHalf = 1 << 15;
  for (int x = 0; x < width; ++x, rgb += 3) {
    const int blue = cb[x] - 128, red = cr[x] - 128;
    rgb[0] = pixel(y[x] + ((91881 * red + kHalf) >> 16));
    rgb[1] = pixel(y[x] + ((-22554 * blue - 46802 * red + kHalf) >> 16));
    rgb[2] = pixel(y[x] + ((116130 * blue + kHalf) >> 16));
  }
}

void grey_to_rgb(const std::uint8_t* y, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, rgb += 3) rgb[0] = rgb[1] = rgb[2] = y[x];
}

constexpr JpegKernels kPortable{inverse_dct, to_rgb, grey_to_rgb};
#ifdef IMGCLS_X86
constexpr JpegKernels kAvx2{avx2::inverse_dct, avx2::to_rgb, avx2::grey_to_rgb};
#endif

}  // namespace

const JpegKernels& jpeg_kernels([[maybe_unused]] InstructionSet instruction_set) {
#ifdef IMGCLS_X86
  if (instruction_set != InstructionSet::portable) return kAvx2;
#endif
  return kPortable;
}

void upsample_across(const std::uint8_t* in, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i, out += 2) {
    out[0] = static_cast<std::uint8_t>((3 * in[i] + in[i - 1] + 1) >> 2);
    out[1] = static_cast<std::uint8_t>((3 * in[i] + in[i + 1] + 2) >> 2);
  }
}

void upsample_down(const std::uint8_t* near, const std::uint8_t* far, bool lower, int count,
                   std::uint8_t* out) {
  const int rounding = lower ? 2 : 1;
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint8_t>((3 * near[i] + far[i] + rounding) >> 2);
  }
}

void upsample_both(const std::uint8_t* near, const std::uint8_t* far, int count,
                   std::uint8_t* out) {
  for (int i = 0; i < count; ++i, out += 2) {
    const int before = 3 * near[i - 1] + far[i - 1], here = 3 * near[i] + far[i],
              after = 3 * near[i + 1] + far[i + 1];
    out[0] = static_cast<std::uint8_t>((3 * here + before + 8) >> 4);
    out[1] = static_cast<std::uint8_t>((3 * here + after + 7) >> 4);
  }
}

}  // namespace imgcls::data
