#include <imgcls/augment/random_blur.h>

namespace imgcls::data {
namespace {

constexpr double kWidestBlur = 1000;  // pixels

void check_kernel(int kernel_size) {
  if (kernel_size > 0 && kernel_size % 2 == 1) return;
  throw ConfigError(fmt::format("must be an odd number of pixels, not {}", kernel_size));
}

}  // namespace

const OptionFields<RandomBlurOptions>& random_blur_fields() {
  using O = RandomBlurOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add(
        "kernel_size", {{"type", "integer"}, {"minimum", 1}, {"maximum", 999}},
        [](const nlohmann::json& value, O& to) {
          to.kernel_size = value.get<int>();
          check_kernel(to.kernel_size);
        },
        [](const O& from) { return nlohmann::json(from.kernel_size); },
        "Side of the kernel in pixels, odd.");
    f.add_range("sigma", &O::sigma_min, &O::sigma_max,
                "Least and greatest sigma in pixels; it is drawn uniformly.",
                {.above = 0, .maximum = kWidestBlur});
    return f;
  }();
  return fields;
}

RandomBlur::RandomBlur(const RandomBlurOptions& options) : options_(options) {
  try {
    check_kernel(options.kernel_size);
  } catch (const ConfigError& e) {
    throw ConfigError(fmt::format("gaussian_blur: kernel_size {}", e.what()));
  }
}

std::vector<PixelStep> RandomBlur::draw(Size /*size*/, Random& random) const {
  const auto side = static_cast<double>(options_.kernel_size);
  const double sigma = single_uniform(random, options_.sigma_min, options_.sigma_max);
  return {pixel_step("gaussian_blur", sigma, {.numbers = {side, side}})};
}

const OptionFields<RandomPillowBlurOptions>& random_pillow_blur_fields() {
  using O = RandomPillowBlurOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_range("radius", &O::radius_min, &O::radius_max,
                "Least and greatest radius in pixels; it is drawn uniformly.",
                Limits::between(0, kWidestBlur));
    return f;
  }();
  return fields;
}

std::vector<PixelStep> RandomPillowBlur::draw(Size /*size*/, Random& random) const {
  const double radius = random.uniform(options_.radius_min, options_.radius_max);
  return {pixel_step("gaussian_blur_pillow", radius)};
}

}  // namespace imgcls::data
