#include <imgcls/augment/pixel_kernels.h>
#include <imgcls/augment/sharpness.h>

namespace imgcls::data {

void sharpness(PixelCanvas& canvas, double magnitude) {
  const auto [width, height] = canvas.size();
  if (width < 3 || height < 3) return;
  const PixelKernels& kernels = pixel_kernels(best_instruction_set());
  const std::size_t stride = canvas.stride();
  const std::uint8_t* row = canvas.copy() + stride;
  std::uint8_t* out = canvas.pixels().data() + stride;
  for (int y = 1; y < height - 1; ++y, row += stride, out += stride) {
    kernels.blend_smooth(row - stride, row, row + stride, stride,
                         static_cast<float>(1.0 + magnitude), out);
  }
}

}  // namespace imgcls::data
