#pragma once
// Dropout that grows over a run ("progressive.dropout"), as EfficientNetV2's (arXiv:2104.00298).
// Internal to train/.

#include <imgcls/models/model.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/recipe/ingredient.h>

#include <memory>

namespace imgcls::train {

/// The ingredient, which sets the probability of each of the model's dropout layers that has one,
/// torch::nn::Dropout, at the beginning of an epoch; null where it is not to grow. Throws
/// ConfigError where no layer has one, or one's is below the first.
std::unique_ptr<Ingredient> make_growing_dropout(const ProgressiveOptions& options,
                                                 const models::Model& model);

}  // namespace imgcls::train
