#pragma once
// Factors of the classes in the loss ("loss.class_weights", "loss.balanced").

#include <imgcls/data/source.h>
#include <imgcls/train/recipe/loss.h>

namespace imgcls::train {

/// `options` with `class_weights` as they are for this training data and `balanced` off: where it
/// was on, each class's factor is also multiplied by images / (classes x images of the class),
/// scikit-learn's "balanced", whose mean over the images is 1. Throws ConfigError where there is
/// not one factor for each class, where all are 0, and where a class to be balanced has no image.
LossOptions with_class_weights(LossOptions options, const data::Source& train);

}  // namespace imgcls::train
