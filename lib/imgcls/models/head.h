#pragma once
// The layer that gives the logits, made anew for other classes.

#include <imgcls/models/model.h>

#include <string_view>

namespace imgcls::models {

/// Whether a parameter of that name is of one of the model's heads (Model::heads).
bool is_of_head(const Model& model, std::string_view parameter);

/// Draws the heads' weights and biases from PyTorch's default generator as torch.nn.Linear and
/// Conv2d do when they are made (`reset_parameters`): uniformly between -1/sqrt(fan_in) and
/// 1/sqrt(fan_in). That is what a new head begins with in PyTorch; many networks draw their own
/// otherwise, to be trained from the start (EfficientNet's is 13 times as large). Throws
/// WeightsError where the model does not say which layer is its head.
void draw_heads(const Model& model);

}  // namespace imgcls::models
