#include <imgcls/augment/pixel_kernels.h>
#include <imgcls/augment/projection.h>

namespace imgcls::data {
namespace {

TransformRow row_transform(Sampling sampling) {
  const PixelKernels& kernels = pixel_kernels(best_instruction_set());
  switch (sampling) {
    case Sampling::bilinear:
      return kernels.bilinear_row;
    case Sampling::bicubic:
      return kernels.bicubic_row;
    default:
      return kernels.nearest_row;
  }
}

}  // namespace

void transform_projective(PixelCanvas& canvas, const ProjectiveMatrix& matrix,
                          const PixelSettings& settings) {
  const TransformRow transform_row = row_transform(settings.sampling);
  const auto [width, height] = canvas.size();
  const TransformSource source{canvas.copy(), canvas.stride(), width, height};
  std::uint8_t* out = canvas.pixels().data();
  for (int row = 0; row < height; ++row, out += canvas.stride()) {
    transform_row(source, matrix.data(), row, settings.fill.data(), out);
  }
}

}  // namespace imgcls::data
