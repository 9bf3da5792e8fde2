#pragma once
// Caution (Liang et al., "Cautious optimizers", arXiv:2411.16085), as timm has it. Internal to
// imgcls::optim.

#include <ATen/core/Tensor.h>

#include <vector>

namespace imgcls::optim {

/// `updates` without what does not go with its gradient: 0 where their product is not above 0, and
/// the rest divided by its share of the tensor (at least 0.001), so that steps stay as long.
std::vector<at::Tensor> cautious(at::TensorList updates, at::TensorList gradients);

}  // namespace imgcls::optim
