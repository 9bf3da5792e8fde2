// Images of any size, down to a single pixel, through every policy, operation of a chain and
// transform, with any draws: nothing outside of the pixels is touched, and what is drawn can be
// done. The input's first bytes choose; the rest are pixels.
#include <imgcls/augment/chain.h>
#include <imgcls/augment/pixel_ops.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/training_plan.h>
#include <imgcls/core/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

using namespace imgcls;
using namespace imgcls::data;

namespace {

/// The numbers that the input chooses, one after the other; 0 after its end.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  int below(int count) { return (byte() << 8 | byte()) % count; }
  bool flag() { return (byte() & 1) != 0; }
  double share() { return byte() / 255.0; }
  template <class Value>
  const Value& one_of(const std::vector<Value>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }
  std::span<const std::uint8_t> rest() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// Exactly as many bytes as there are pixels, so that a sanitizer sees one more or less.
std::vector<std::uint8_t> pixels_of(Size size, std::span<const std::uint8_t> given) {
  std::vector<std::uint8_t> pixels(std::size_t{3} * static_cast<std::size_t>(size.width) *
                                   static_cast<std::size_t>(size.height));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = given.empty() ? 0 : given[i % given.size()];
  }
  return pixels;
}

void apply_one(Choices& choices, Size size) {
  const PixelOperation& operation =
      pixel_operations().at(choices.one_of(pixel_operations().names()));
  const double magnitude =
      operation.minimum + choices.share() * (operation.maximum - operation.minimum);
  // Whoever draws these has numbers that fit the image: in transform().
  if (operation.name == "erase" || operation.name == "mix") return;
  PixelSettings settings{.sampling = static_cast<Sampling>(choices.below(3))};
  for (std::uint8_t& value : settings.fill) value = choices.byte();
  const bool has_kernel = operation.name == "gaussian_blur";
  for (double& number : settings.numbers) {
    number = has_kernel ? 1 + 2 * choices.below(16) : 8 * choices.share() - 4;
  }
  const PixelStep step = pixel_step(operation.name, magnitude, settings);
  std::vector<std::uint8_t> spare, pixels = pixels_of(size, choices.rest());
  apply_steps({&step, 1}, PixelCanvas(size, pixels, spare));
}

AugmentOptions some_options(Choices& choices) {
  AugmentOptions options{.size = 1 + choices.below(40)};
  options.crop = static_cast<CropKind>(choices.below(4));
  options.interpolation = static_cast<Interpolation>(choices.below(3));
  options.pad = choices.below(50);
  options.pad_mode = choices.flag() ? PadMode::zero : PadMode::reflect;
  if (choices.flag()) options.policy = choices.one_of(policies().names());
  if (choices.flag()) {
    options.operations = {{.name = choices.one_of(chain_operations().names())}};
  }
  return options;
}

void transform(Choices& choices, Size size) {
  AugmentOptions options = some_options(choices);
  const int bits = choices.flag() ? 16 : 8;
  if (bits == 16) {
    options.policy = "none";
    options.operations.clear();
    if (options.interpolation == Interpolation::bilinear_no_antialias) return;
  }
  std::unique_ptr<const Policy> policy;
  try {
    policy = make_policy(options);
  } catch (const ConfigError&) {  // an operation that needs options of its own
    return;
  }
  const ImageDraw draw{.seed = choices.byte(), .epoch = choices.byte(), .sample = choices.byte()};
  Plan plan;
  try {
    plan = plan_training(size, options, policy.get(), draw);
  } catch (const DataError&) {
    return;
  }
  const Image image{.size = size, .pixels = pixels_of(size, choices.rest()), .bits = bits};
  std::vector<std::uint8_t> output(std::size_t{3} * static_cast<std::size_t>(options.size) *
                                   static_cast<std::size_t>(options.size));
  apply(plan, image, output);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  const bool single = choices.flag();
  const Size image{1 + choices.below(70), 1 + choices.below(70)};
  single ? apply_one(choices, image) : transform(choices, image);
  return 0;
}
