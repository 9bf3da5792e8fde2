#include <imgcls/train/recipe/draws.h>
#include <imgcls/train/recipe/erase.h>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace imgcls::train {
namespace {

constexpr Names<EraseWith, 3> kWiths{
    {{EraseWith::zero, "zero"}, {EraseWith::colour, "colour"}, {EraseWith::noise, "noise"}}};

struct Rectangle {
  std::int64_t top, left, height, width;
};

std::optional<Rectangle> draw_rectangle(Random& random, const EraseOptions& options,
                                        std::int64_t height, std::int64_t width) {
  constexpr int kTries = 10;
  const auto area = static_cast<double>(height * width);
  for (int i = 0; i < kTries; ++i) {
    const double part = area * random.uniform(options.area_low, options.area_high);
    const double aspect =
        std::exp(random.uniform(std::log(options.aspect_low), std::log(options.aspect_high)));
    const auto h = static_cast<std::int64_t>(std::llround(std::sqrt(part * aspect)));
    const auto w = static_cast<std::int64_t>(std::llround(std::sqrt(part / aspect)));
    if (h >= height || w >= width || h == 0 || w == 0) continue;
    const auto place = [&](std::int64_t room) {
      return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room + 1)));
    };
    const std::int64_t top = place(height - h);
    return Rectangle{.top = top, .left = place(width - w), .height = h, .width = w};
  }
  return std::nullopt;
}

class Eraser final : public Ingredient {
 public:
  explicit Eraser(const EraseOptions& options) : options_(options) {}

  std::string name() const override { return "erase"; }

  void before_forward(const StepInfo& info, TrainBatch& batch) override {
    const at::NoGradGuard no_grad;
    const int views = batch.targets.views;
    for (std::int64_t i = 0; i < batch.images.size(0); ++i) {
      if (views > 1 && i % views == 0) continue;
      Random random = draws_of(info, info.first + i, RandomStream::erase);
      if (random.uniform() >= options_.prob) continue;
      const auto found =
          draw_rectangle(random, options_, batch.images.size(2), batch.images.size(3));
      if (!found) continue;
      paint(random, batch.images.select(0, i)
                        .narrow(1, found->top, found->height)
                        .narrow(2, found->left, found->width));
    }
  }

 private:
  /// Over 3 x height x width.
  void paint(Random& random, const at::Tensor& place) const {
    switch (options_.with) {
      case EraseWith::zero:
        place.zero_();
        return;
      case EraseWith::colour:
        for (std::int64_t channel = 0; channel < place.size(0); ++channel) {
          place.select(0, channel).fill_(normal(random));
        }
        return;
      case EraseWith::noise: {
        // Drawn on the CPU, so that devices change nothing.
        const at::Generator generator = at::detail::createCPUGenerator(random.below(1ULL << 62));
        const at::Tensor noise = at::randn(place.sizes(), generator, at::kFloat);
        place.copy_(place.is_cpu() ? noise : noise.pin_memory(), /*non_blocking=*/true);
        return;
      }
    }
  }

  EraseOptions options_;
};

}  // namespace

std::unique_ptr<Ingredient> make_eraser(const EraseOptions& options) {
  return options.prob == 0 ? nullptr : std::make_unique<Eraser>(options);
}

const OptionFields<EraseOptions>& erase_fields() {
  using O = EraseOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("prob", &O::prob, "Probability that a rectangle of an image is painted over.",
          Limits::between(0, 1));
    f.add_range("area", &O::area_low, &O::area_high,
                "Least and greatest share of the image's area.", {.above = 0, .maximum = 1});
    f.add_range("aspect", &O::aspect_low, &O::aspect_high, "Least and greatest height over width.",
                Limits::greater_than(0));
    f.add("with", &O::with, kWiths,
          "What is painted: the mean colour, a colour drawn for each image, or noise.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
