#pragma once
// The weights to evaluate of an optimizer that averages by itself (schedule-free): evaluated
// instead of the weights that are trained, and beside these in each checkpoint, as
// average.safetensors. Internal to train/.
//
// Batch norm's running statistics are the model's own: they are gathered where gradients are taken,
// which lies between the average and the fast iterate.

#include <imgcls/models/model.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/recipe/ingredient.h>

#include <memory>

namespace imgcls::train {

/// The ingredient; null where the optimizer has no other weights to evaluate. The optimizer, of the
/// model's parameters, must outlive it.
std::unique_ptr<Ingredient> make_averaged_point(const optim::Optimizer& optimizer,
                                                const models::Model& model);

}  // namespace imgcls::train
