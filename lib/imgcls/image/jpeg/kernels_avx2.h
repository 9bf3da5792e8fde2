#pragma once
// AVX2's kernels, as kernels.h describes them. Internal to imgcls::data.

#include <cstddef>
#include <cstdint>

namespace imgcls::data::avx2 {

bool inverse_dct(const std::int16_t* coefficients, const std::int16_t* quantization,
                 std::uint8_t* const* out, std::size_t stride);
void to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width,
            std::uint8_t* rgb);
void grey_to_rgb(const std::uint8_t* y, int width, std::uint8_t* rgb);

}  // namespace imgcls::data::avx2
