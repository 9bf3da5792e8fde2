#include <imgcls/augment/policy_space.h>
#include <imgcls/augment/random_erase.h>

#include <algorithm>
#include <cmath>

namespace imgcls::data {
namespace {

// Logarithms and exponentials by way of double, so that they are the same in every C library.
double single_log(double value) {
  return static_cast<float>(std::log(static_cast<double>(static_cast<float>(value))));
}

}  // namespace

const OptionFields<RandomEraseOptions>& random_erase_fields() {
  using O = RandomEraseOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_range("area", &O::area_min, &O::area_max, "Least and greatest share of the image's area.",
                {.above = 0, .maximum = 1});
    f.add_range("aspect", &O::aspect_min, &O::aspect_max, "Least and greatest height over width.",
                Limits::greater_than(0));
    f.add("fill", &O::fill, "Colour of the rectangle: R, G, B.", Limits::between(0, 255));
    return f;
  }();
  return fields;
}

RandomErase::RandomErase(const RandomEraseOptions& options)
    : options_(options), settings_(pixel_settings({.fill = options.fill})) {}

std::vector<PixelStep> RandomErase::draw(Size size, Random& random) const {
  constexpr int kTries = 10;
  const double area = static_cast<double>(size.width) * size.height;
  const double log_min = single_log(options_.aspect_min), log_max = single_log(options_.aspect_max);
  for (int i = 0; i < kTries; ++i) {
    const double part = area * single_uniform(random, options_.area_min, options_.area_max);
    const double exponent = single_uniform(random, log_min, log_max);
    const double aspect = static_cast<float>(std::exp(exponent));
    // Python's round(): halves go to the even number.
    const double height = std::nearbyint(std::sqrt(part * aspect));
    const double width = std::nearbyint(std::sqrt(part / aspect));
    if (!(height < size.height && width < size.width)) continue;
    const auto place = [&random](double room) {
      return static_cast<double>(random.below(static_cast<std::uint64_t>(room) + 1));
    };
    const double y = place(size.height - height), x = place(size.width - width);
    PixelSettings settings = settings_;
    settings.numbers = {x, y, width, height};
    return {pixel_step("erase", 0, settings)};
  }
  return {};
}

void erase(PixelCanvas& canvas, double /*magnitude*/, const PixelSettings& settings) {
  const auto& numbers = settings.numbers;
  const double x = numbers[0], y = numbers[1], width = numbers[2], height = numbers[3];
  const auto cut = [](double place, int side) {
    return static_cast<std::ptrdiff_t>(std::clamp<double>(place, 0, side));
  };
  const Size size = canvas.size();
  using Pixel = std::array<std::uint8_t, 3>;
  auto* const pixels = reinterpret_cast<Pixel*>(canvas.pixels().data());
  const std::ptrdiff_t left = cut(x, size.width), right = cut(x + width, size.width);
  for (std::ptrdiff_t row = cut(y, size.height); row < cut(y + height, size.height); ++row) {
    Pixel* const begin = pixels + row * size.width;
    std::fill(begin + left, begin + std::max(left, right), settings.fill);
  }
}

}  // namespace imgcls::data
