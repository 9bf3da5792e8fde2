#pragma once
// Random erasing (Zhong et al., arXiv:1708.04896): a rectangle of an image is painted over, after
// it was normalized. The draws are torchvision's RandomErasing: ten tries for an area and an aspect
// whose rectangle is smaller than the image, else nothing. Of several views of an image
// (Targets::views) the first one is left as it is, as by timm.

#include <imgcls/core/option_fields.h>
#include <imgcls/train/recipe/ingredient.h>

#include <memory>

namespace imgcls::train {

/// What is painted.
enum class EraseWith {
  zero,    ///< the mean colour, which is 0
  colour,  ///< one normal number for each channel
  noise,   ///< a normal number for each pixel and channel
};

/// The section `erase`.
struct EraseOptions {
  /// Probability for each image; 0: none is erased.
  double prob = 0;
  /// Least and greatest share of the area, and height over width.
  double area_low = 0.02, area_high = 0.33;
  double aspect_low = 0.3, aspect_high = 3.3;  ///< height over width, least and greatest
  EraseWith with = EraseWith::zero;            ///< the colour of what is painted
};

/// The ingredient; null where nothing is to be erased.
std::unique_ptr<Ingredient> make_eraser(const EraseOptions& options);

const OptionFields<EraseOptions>& erase_fields();  ///< keys of the section `erase`

}  // namespace imgcls::train
