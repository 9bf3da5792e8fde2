#pragma once
// Latest weight averaging (Kaddour, arXiv:2209.14981): the mean of the weights at the ends of the
// last epochs. Internal to average.cpp, whose table has it as "lawa".

#include <imgcls/core/option_fields.h>
#include <imgcls/models/model.h>
#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/ingredient.h>

#include <memory>

namespace imgcls::train {

/// The ingredient. Its state is the average, and the weights that it is the mean of in a file of
/// their own, lawa.safetensors. `every_steps` is not looked at.
std::unique_ptr<Ingredient> make_lawa(const AverageOptions& options, const models::Model& model);

const OptionFields<LawaOptions>& lawa_fields();

}  // namespace imgcls::train
