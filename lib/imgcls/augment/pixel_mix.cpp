#include <imgcls/augment/pixel_mix.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace imgcls::data {

PixelStep mix_step(PixelMix mix) {
  return pixel_step("mix", 0, {.mix = std::make_shared<const PixelMix>(std::move(mix))});
}

void mix(PixelCanvas& canvas, double /*magnitude*/, const PixelSettings& settings) {
  if (!settings.mix) return;
  const std::span<std::uint8_t> pixels = canvas.pixels();
  const std::vector<std::uint8_t> given(pixels.begin(), pixels.end());
  std::vector<float> sums(given.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = settings.mix->own * static_cast<float>(given[i]);
  }
  for (const auto& [share, steps] : settings.mix->parts) {
    std::ranges::copy(given, pixels.begin());
    apply_steps(steps, canvas);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += share * static_cast<float>(pixels[i]);
  }
  for (std::size_t i = 0; i < sums.size(); ++i) pixels[i] = static_cast<std::uint8_t>(sums[i]);
}

}  // namespace imgcls::data
