#pragma once
// From a decoded image to the network's input size. A transform is planned from the image's size
// and the sample's random numbers before a pixel is touched, so that decoding can be limited to
// what the plan needs.

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/augment/views.h>
#include <imgcls/core/philox.h>
#include <imgcls/image/image.h>
#include <imgcls/image/resize/interpolation.h>

#include <any>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace imgcls::data {

/// How a training crop is chosen.
enum class CropKind {
  random_resized,       ///< a random part of the image, resized to the output: torchvision's
  random_resized_dali,  ///< DALI's form of it
  pad,   ///< the image with a border, and a random window of it: CIFAR's augmentation
  none,  ///< the image resized to the output
};

/// How the border of CropKind::pad is filled.
enum class PadMode {
  zero,     ///< black
  reflect,  ///< mirrored at the edge pixel, which is not repeated
};

/// An operation that is named, of those in chain.h, and how often it is done.
struct ChosenOperation {
  std::string name;  ///< of one of chain_operations()
  /// Probability with which it is done.
  double p = 1;
  /// Its own options (ColorJitterOptions, ...); empty: its defaults.
  std::any own = {};
};

/// Random augmentation of training images.
struct AugmentOptions {
  /// Side of the square output, in pixels.
  int size = 224;
  CropKind crop = CropKind::random_resized;  ///< how the part of the image is chosen
  /// random_resized*: share of the image's area, drawn uniformly.
  double area_min = 0.08, area_max = 1.0;
  /// random_resized*: width over height, drawn uniformly in its logarithm.
  double aspect_min = 3.0 / 4.0, aspect_max = 4.0 / 3.0;
  /// random_resized: draws before falling back to the largest crop of a legal aspect, which is
  /// centred; random_resized_dali: the same, but placed at random.
  int tries = 10;
  /// How pixels are made where the image is resized.
  Interpolation interpolation = Interpolation::bilinear;
  /// pad: width of the border in pixels.
  int pad = 4;
  PadMode pad_mode = PadMode::reflect;  ///< pad: what the border shows
  /// Probability of a horizontal flip.
  double flip = 0.5;
  /// What else is done to the pixels after that: a name out of policies.h.
  std::string policy = "none";
  /// That policy's own options (RandAugmentOptions, ...); empty: its defaults.
  std::any policy_options = {};
  /// What is done after the policy, in order.
  std::vector<ChosenOperation> operations = {};
  /// Images made of each, one behind the other: of one crop and flip, the first without policy and
  /// operations, the others each with its own draws of them (timm's AugMixDataset). 1: one image,
  /// with policy and operations.
  int views = 1;
};

/// The transform of evaluation images: shorter side resized to `resize` (0: not resized), then the
/// centred square of side `size`.
struct EvalOptions {
  int size = 224;    ///< side of the square that is cut out, in pixels
  int resize = 256;  ///< the shorter side before that, in pixels; 0: not resized
  /// How pixels are made where the image is resized.
  Interpolation interpolation = Interpolation::bilinear;
  /// 1: the centred square alone; 5 or 10: corner_views' squares, one behind the other.
  int crops = 1;
};

/// The usual `resize` for images of side `size`: 256 for 224, and in proportion.
int usual_resize(int size);

/// What is to be done to one image, with all random decisions made.
struct Plan {
  /// The part of the image that is used.
  Rect region;
  /// What the region is resized to.
  Size resized;
  /// The window of the resized region that becomes the output. It may reach outside, for
  /// CropKind::pad and where an evaluation image is too small; the border is filled by `pad_mode`.
  Rect window;
  bool flip = false;                                      ///< the output is mirrored, left to right
  Interpolation interpolation = Interpolation::bilinear;  ///< how the region is resized
  PadMode pad_mode = PadMode::reflect;  ///< what a window that reaches outside shows there
  /// Operations on the output, in order: what policy and chain have drawn (policy.h).
  std::vector<PixelStep> steps = {};
  /// What is cut from the output and put in its place, one behind the other; empty: it stays.
  std::vector<View> views = {};

  /// Whether the window reaches outside.
  bool has_border() const {
    return window.x < 0 || window.y < 0 || window.x + window.width > resized.width ||
           window.y + window.height > resized.height;
  }
};

/// Decides for an image of `size` in training, as torchvision's RandomResizedCrop (or DALI's) and
/// RandomHorizontalFlip do from their own random numbers. Draws, in this order: area and aspect of
/// each try, y and x of the crop (or of the window, for CropKind::pad), flip. The policy's steps
/// are not drawn here: they have a stream of their own.
Plan plan_augment(Size size, const AugmentOptions& options, Random& random);

/// Decides for an image of `size` in evaluation, as torchvision's Resize and CenterCrop do. Throws
/// DataError for an image so narrow that its longer side would not fit an int, and for one that is
/// too small for several crops, or makes more than 2^28 pixels of which they would be cut.
Plan plan_eval(Size size, const EvalOptions& options);

/// Carries a plan out into `output`: uint8, window height x window width x 3, or the views'.
void apply(const Plan& plan, const Image& image, std::span<std::uint8_t> output);

}  // namespace imgcls::data
