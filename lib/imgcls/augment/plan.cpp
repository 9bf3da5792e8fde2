#include <imgcls/augment/transform.h>
#include <imgcls/core/error.h>

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

/// Random resized crop as DALI makes it since version 0.8 (dali/util/random_crop_generator.cc): the
/// same distributions as torchvision's, in single precision, with other rules for what is legal and
/// what to do without a legal draw. Draws: area and logarithm of the aspect for each try, then y,
/// x.
class DaliCrop {
 public:
  DaliCrop(Size size, const AugmentOptions& options)
      : size_(size),
        tries_(options.tries),
        area_min_(static_cast<float>(options.area_min)),
        area_max_(static_cast<float>(options.area_max)),
        aspect_min_(static_cast<float>(options.aspect_min)),
        aspect_max_(static_cast<float>(options.aspect_max)) {
    const auto width = static_cast<float>(size.width), height = static_cast<float>(size.height);
    widest_ = {side(height * aspect_max_), size.height};
    tallest_ = {size.width, side(width * (1.0F / aspect_min_))};
  }

  Rect draw(Random& random) const {
    const Size crop = draw_size(random);
    const int y = random_offset(random, size_.height - crop.height);
    const int x = random_offset(random, size_.width - crop.width);
    return {x, y, crop.width, crop.height};
  }

 private:
  static float area(Size size) {
    return static_cast<float>(std::int64_t{size.width} * size.height);
  }
  static float aspect(Size size) {
    return static_cast<float>(size.width) / static_cast<float>(size.height);
  }
  // Logarithms and exponentials by way of double, so that they are the same in every C library.
  static float log(float value) { return static_cast<float>(std::log(static_cast<double>(value))); }
  static float uniform(Random& random, float low, float high) {
    return static_cast<float>(random.uniform(low, high));
  }
  // Cut to whole pixels, at least one, and no more than an int holds.
  static int side(float value) { return std::max(1, static_cast<int>(std::min(value, 1e9F))); }

  bool is_legal(Size crop) const {
    return crop.width <= size_.width && crop.height <= size_.height &&
           aspect(crop) >= aspect_min_ && aspect(crop) <= aspect_max_;
  }

  Size draw_size(Random& random) const {
    const float smallest = area(size_) * area_min_;
    if (area(widest_) < smallest) return widest_;  // no draw could be legal
    if (area(tallest_) < smallest) return tallest_;
    const float log_min = log(aspect_min_), log_max = log(aspect_max_);
    for (int i = 0; i < tries_; ++i) {
      const float target = uniform(random, area_min_, area_max_) * area(size_);
      const double exponent = uniform(random, log_min, log_max);
      const auto ratio = static_cast<float>(std::exp(exponent));
      const Size crop{side(std::round(std::sqrt(target * ratio))),
                      side(std::round(std::sqrt(target / ratio)))};
      if (is_legal(crop)) return crop;
    }
    return fallback();
  }

  // The largest part whose aspect is legal, made smaller if its area is not.
  Size fallback() const {
    Size crop = size_;
    if (aspect(size_) > aspect_max_) {
      crop = widest_;
    } else if (aspect(size_) < aspect_min_) {
      crop = tallest_;
    }
    const float most =
        area_max_ * static_cast<float>(size_.width) * static_cast<float>(size_.height);
    const float scale = std::sqrt(std::min(1.0F, most / area(crop)));
    return {side(static_cast<float>(crop.width) * scale),
            side(static_cast<float>(crop.height) * scale)};
  }

  Size size_;
  int tries_;
  float area_min_, area_max_, aspect_min_, aspect_max_;
  Size widest_, tallest_;  // parts of the most extreme legal aspects
};

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

// All of what an image is resized to is held while several crops are cut from it.
void require_moderate(Size resized) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;
  if (std::int64_t{resized.width} * resized.height <= kMostPixels) return;
  throw DataError(fmt::format("an image resized to {} x {} pixels is too large for several crops",
                              resized.width, resized.height));
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
  } else if (options.crop == CropKind::random_resized_dali) {
    plan.region = DaliCrop(size, options).draw(random);
  } else if (options.crop == CropKind::pad) {
    plan.window.y = random_offset(random, 2 * options.pad) - options.pad;
    plan.window.x = random_offset(random, 2 * options.pad) - options.pad;
  }
  plan.flip = random.uniform() < options.flip;
  return plan;
}

int usual_resize(int size) {
  constexpr double kCropped = 0.875;  // 224 / 256
  return round_half_even(size / kCropped);
}

Plan plan_eval(Size size, const EvalOptions& options) {
  Plan plan;
  plan.region = whole(size);
  plan.resized = options.resize == 0 ? size : resized_shorter_side(size, options.resize);
  plan.window = {center_offset(plan.resized.width, options.size),
                 center_offset(plan.resized.height, options.size), options.size, options.size};
  plan.interpolation = options.interpolation;
  plan.pad_mode = PadMode::zero;
  if (options.crops > 1) {
    plan.window = whole(plan.resized);
    require_moderate(plan.resized);
    plan.views = corner_views(plan.resized, options.size, options.crops);
  }
  return plan;
}

}  // namespace imgcls::data
