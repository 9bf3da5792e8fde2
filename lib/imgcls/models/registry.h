#pragma once
// Models by name.

#include <imgcls/models/model.h>

#include <string>
#include <string_view>
#include <vector>

namespace imgcls::models {

/// The first layers of a network.
enum class Stem {
  imagenet,  ///< 7x7 convolution of stride 2 and a 3x3 max pool of stride 2: for 224 px
  small,     ///< 3x3 convolution of stride 1: for images of up to 64 px
};

struct ModelOptions {
  /// Number of classes: logits are N x classes.
  int classes = 1000;
  /// Residual branches start at zero (Goyal et al., arXiv:1706.02677): the last batch norm's weight
  /// of each block is 0.
  bool zero_init_residual = false;
  Stem stem = Stem::imagenet;
  /// Channels of the first stage; 0: the model's own number. Only resnet9 and airbench take
  /// another.
  int width = 0;
};

/// Makes a model with weights initialised from PyTorch's default generator (`at::manual_seed`), in
/// the order in which torchvision's model of that name does, so that equal seeds give equal bits.
/// Throws ConfigError for an unknown name, with the nearest known one, and for options that the
/// model does not take.
Model create(std::string_view name, const ModelOptions& options = {});

/// The names `create` knows.
std::vector<std::string> names();

}  // namespace imgcls::models
