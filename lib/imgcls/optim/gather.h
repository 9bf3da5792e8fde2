#pragma once
// The tensors of one update, out of those of all parameters. Internal to imgcls::optim.

#include <imgcls/optim/optimizer.h>

#include <optional>
#include <vector>

namespace imgcls::optim {

/// Parameters of a group that have a gradient, and what lies beside them, at the same places.
struct Gathered {
  std::vector<at::Tensor> parameters, gradients;  ///< both of the same parameters
  std::vector<std::vector<at::Tensor>> slots;     ///< in the order in which they were given
};

/// Each slot has a tensor for each of the group's parameters, in their order.
Gathered gather(const ParameterGroup& group,
                const std::vector<const std::vector<at::Tensor>*>& slots);

/// As ATen's fused optimizers take the loss scale.
std::optional<at::Tensor> if_defined(const at::Tensor& tensor);

}  // namespace imgcls::optim
