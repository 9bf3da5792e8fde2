#include <imgcls/core/error.h>
#include <imgcls/data/transform.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace imgcls::data {
namespace {

Rect whole(Size size) {
  return {0, 0, size.width, size.height};
}

// Python's round(): halves go to the even number, as the default rounding mode does.
int round_half_even(double value) {
  return static_cast<int>(std::nearbyint(value));
}

int random_offset(Random& random, int room) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
}

// The largest centred part whose aspect is legal: what torchvision takes after too many tries.
Rect fallback_crop(Size size, const AugmentOptions& options) {
  int width = size.width, height = size.height;
  const double aspect = static_cast<double>(width) / height;
  if (aspect < options.aspect_min) {
    height = std::max(1, round_half_even(width / options.aspect_min));
  } else if (aspect > options.aspect_max) {
    width = std::max(1, round_half_even(height * options.aspect_max));
  }
  return {(size.width - width) / 2, (size.height - height) / 2, width, height};
}

Rect random_resized_crop(Size size, const AugmentOptions& options, Random& random) {
  const double area = static_cast<double>(size.width) * size.height;
  const double log_min = std::log(options.aspect_min), log_max = std::log(options.aspect_max);
  for (int i = 0; i < options.tries; ++i) {
    const double target = area * random.uniform(options.area_min, options.area_max);
    const double aspect = std::exp(random.uniform(log_min, log_max));
    const double width = std::nearbyint(std::sqrt(target * aspect));
    const double height = std::nearbyint(std::sqrt(target / aspect));
    if (width > 0 && width <= size.width && height > 0 && height <= size.height) {
      const int w = static_cast<int>(width), h = static_cast<int>(height);
      const int y = random_offset(random, size.height - h);
      const int x = random_offset(random, size.width - w);
      return {x, y, w, h};
    }
  }
  return fallback_crop(size, options);
}

// Shorter side to `target`, the longer one in proportion, rounded down.
Size resized_shorter_side(Size size, int target) {
  const bool tall = size.width <= size.height;
  const int shorter = std::min(size.width, size.height);
  const int longer = std::max(size.width, size.height);
  const double other = static_cast<double>(std::int64_t{target} * longer) / shorter;
  if (other > std::numeric_limits<int>::max()) {
    throw DataError(
        fmt::format("an image of {} x {} pixels is too narrow to resize its shorter "
                    "side to {}",
                    size.width, size.height, target));
  }
  const int length = static_cast<int>(other);
  return tall ? Size{target, length} : Size{length, target};
}

// Where a centred window of `crop` begins; negative where the image is smaller, and is then padded.
int center_offset(int image, int crop) {
  return crop > image ? -((crop - image) / 2) : round_half_even((image - crop) / 2.0);
}

}  // namespace

Plan plan_augment(Size size, const AugmentOptions& options, Random& random) {
  Plan plan;
  plan.region = whole(size);
  plan.resized = {options.size, options.size};
  plan.window = whole(plan.resized);
  plan.interpolation = options.interpolation;
  plan.pad_mode = options.pad_mode;
  if (options.crop == CropKind::random_resized) {
    plan.region = random_resized_crop(size, options, random);
  } else if (options.crop == CropKind::pad) {
    plan.window.y = random_offset(random, 2 * options.pad) - options.pad;
    plan.window.x = random_offset(random, 2 * options.pad) - options.pad;
  }
  plan.flip = random.uniform() < options.flip;
  return plan;
}

Plan plan_eval(Size size, const EvalOptions& options) {
  Plan plan;
  plan.region = whole(size);
  plan.resized = options.resize == 0 ? size : resized_shorter_side(size, options.resize);
  plan.window = {center_offset(plan.resized.width, options.size),
                 center_offset(plan.resized.height, options.size), options.size, options.size};
  plan.interpolation = options.interpolation;
  plan.pad_mode = PadMode::zero;
  return plan;
}

}  // namespace imgcls::data
