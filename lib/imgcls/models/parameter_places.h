#pragma once
// Where parameters stand in their network: in which of its layers, for rates that fall from the
// head towards the images, and whether they are a norm's, for weight decay that spares these.

#include <imgcls/models/model.h>

#include <optional>
#include <string>
#include <vector>

namespace imgcls::models {

/// Where a parameter stands.
struct ParameterPlace {
  /// Number of the layer: 0 for the stem, then one for each block, the head's the highest; nothing
  /// where the network's layers are not numbered.
  std::optional<int> layer;
  /// Of a module in whose type's name "Norm" is found: batch norm, layer norm, one of a user's own.
  bool of_norm = false;
};

/// Of each parameter, in the order of Model::parameters(). Layers are numbered as timm 1.0.31 does
/// in `param_groups_layer_decay`, by its models' `group_matcher`: reductions between the stages of
/// ConvNeXt and Swin count as the block that follows them, a norm or convolution behind the last
/// block as that block, and a norm that timm has in its head as the head (ConvNeXt).
std::vector<ParameterPlace> parameter_places(const Model& model);

/// The families whose layers are numbered, for messages.
std::vector<std::string> numbered_families();

}  // namespace imgcls::models
