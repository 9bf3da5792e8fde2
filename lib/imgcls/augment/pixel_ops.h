#pragma once
// Operations on the pixels of an image, by name: the vocabulary of augmentation policies. Each is
// equal, bit for bit, to what torchvision 0.29's AutoAugment classes do with a Pillow 13 image and
// the same magnitude (torchvision.transforms.functional on PIL images), but for "gaussian_blur"
// (kernel_blur.h). A new one is a file with a function and a line in pixel_ops.cpp; a program adds
// its own by `pixel_operations().add`.

#include <imgcls/core/named_entries.h>
#include <imgcls/image/image.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls::data {

/// Which pixels of the source a moved pixel is made of.
enum class Sampling {
  nearest,   ///< the nearest one
  bilinear,  ///< the four nearest ones
  bicubic,   ///< the sixteen nearest ones
};

struct PixelMix;  // pixel_mix.h

/// What some operations need beside their magnitude.
struct PixelSettings {
  /// How pixels are made where an image is turned, sheared or moved.
  Sampling sampling = Sampling::nearest;
  /// The colour, RGB, of what lies outside of the source.
  std::array<std::uint8_t, 3> fill{};
  /// The numbers of an operation that has several; its summary says which.
  std::array<double, 8> numbers{};
  /// What "mix" mixes.
  std::shared_ptr<const PixelMix> mix = {};
  friend bool operator==(const PixelSettings&, const PixelSettings&) = default;
};

/// An image that an operation changes in place, and memory that it may use meanwhile.
class PixelCanvas {
 public:
  /// `pixels` is height x width x 3, RGB, without padding. `spare` is any vector; it is kept from
  /// one image to the next, so that operations need not allocate.
  PixelCanvas(Size size, std::span<std::uint8_t> pixels, std::vector<std::uint8_t>& spare)
      : size_(size), pixels_(pixels), spare_(spare) {}

  Size size() const { return size_; }  ///< width and height in pixels
  /// Height x width x 3, to be read and written.
  std::span<std::uint8_t> pixels() const { return pixels_; }
  /// Bytes of a row.
  std::size_t stride() const { return static_cast<std::size_t>(size_.width) * 3; }

  /// Copies the image, for operations that read pixels which they have written already. A byte
  /// more may be read, so that a pixel can be taken as four bytes.
  const std::uint8_t* copy();
  /// Memory of the image's size, with anything in it; it is that of `copy`.
  std::span<std::uint8_t> spare();

 private:
  Size size_;
  std::span<std::uint8_t> pixels_;
  std::vector<std::uint8_t>& spare_;
};

/// One operation.
struct PixelOperation {
  std::string name;  ///< in lower case: "shear_x"
  /// What it does, and what its magnitude means.
  std::string summary;
  /// Magnitudes that it takes; both 0 for an operation without any.
  double minimum = 0, maximum = 0;
  /// Changes the canvas. The magnitude is one that it takes; settings that it does not need are
  /// left alone.
  std::function<void(PixelCanvas& canvas, double magnitude, const PixelSettings& settings)> apply;

  bool has_magnitude() const { return minimum < maximum; }  ///< whether it takes any but 0
};

/// The operations that there are.
class PixelOperations {
 public:
  /// With names of which none comes twice.
  explicit PixelOperations(std::vector<PixelOperation> operations)
      : operations_(std::move(operations)) {}

  /// Throws ConfigError for a name that is unknown, with the nearest one. What is returned stays
  /// where it is.
  const PixelOperation& at(std::string_view name) const;
  /// Makes one known. Throws ConfigError where the name is taken. Not while others read.
  void add(PixelOperation operation);
  /// Of all, in their order.
  std::vector<std::string> names() const { return operations_.names(); }

 private:
  NamedEntries<PixelOperation> operations_;
};

/// Those of the house, and those that the program has added.
PixelOperations& pixel_operations();

/// An operation with all decisions made.
struct PixelStep {
  const PixelOperation* operation = nullptr;  ///< one of pixel_operations()
  double magnitude = 0;                       ///< within its minimum and maximum
  PixelSettings settings = {};                ///< what else it needs
};

/// The step of that name. Throws ConfigError for an unknown name, and for a magnitude which that
/// operation does not take.
PixelStep pixel_step(std::string_view name, double magnitude = 0,
                     const PixelSettings& settings = {});

/// Carries steps out, one after the other.
void apply_steps(std::span<const PixelStep> steps, PixelCanvas canvas);

}  // namespace imgcls::data
