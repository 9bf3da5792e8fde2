#include <imgcls/augment/color_jitter.h>

#include <algorithm>
#include <array>
#include <utility>

namespace imgcls::data {

const OptionFields<ColorJitterOptions>& color_jitter_fields() {
  using O = ColorJitterOptions;
  static const OptionFields<O> fields = [] {
    constexpr double kMostChange = 10, kHalfTurn = 0.5;
    OptionFields<O> f;
    f.add("brightness", &O::brightness,
          "The factor is drawn from 1 less this, at least 0, to 1 and this.",
          Limits::between(0, kMostChange));
    f.add("contrast", &O::contrast, "As brightness.", Limits::between(0, kMostChange));
    f.add("saturation", &O::saturation, "As brightness.", Limits::between(0, kMostChange));
    f.add("hue", &O::hue, "The turn of colours is drawn from minus this to this.",
          Limits::between(0, kHalfTurn));
    return f;
  }();
  return fields;
}

std::vector<PixelStep> ColorJitter::draw(Size /*size*/, Random& random) const {
  std::array<std::size_t, 4> order{0, 1, 2, 3};
  for (std::size_t i = order.size() - 1; i > 0; --i) {
    std::swap(order[i], order[random.below(i + 1)]);
  }
  const std::array<std::pair<const char*, double>, 3> blends{{{"brightness", options_.brightness},
                                                              {"contrast", options_.contrast},
                                                              {"color", options_.saturation}}};
  std::array<PixelStep, 4> changes{};
  for (std::size_t i = 0; i < blends.size(); ++i) {
    const auto [name, most] = blends[i];
    if (most == 0) continue;
    const double factor = single_uniform(random, std::max(0.0, 1 - most), 1 + most);
    changes[i] = pixel_step(name, factor - 1);
  }
  if (options_.hue != 0) {
    changes[3] = pixel_step("hue", single_uniform(random, -options_.hue, options_.hue));
  }
  std::vector<PixelStep> steps;
  for (const std::size_t i : order) {
    if (changes[i].operation != nullptr) steps.push_back(changes[i]);
  }
  return steps;
}

}  // namespace imgcls::data
