#pragma once
// What EfficientNet and its Lite form share.

#include <torch/nn/module.h>

namespace imgcls::models {

/// The first weights of both papers' networks: convolutions normal by their fan-out, the last layer
/// uniform by the number of classes, biases 0. Draws in the order of `net`'s modules.
void initialize_efficientnet(const torch::nn::Module& net);

}  // namespace imgcls::models
