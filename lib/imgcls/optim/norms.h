#pragma once
// L2 norms of lists of tensors, on their device. Internal to imgcls::optim.

#include <ATen/core/Tensor.h>

namespace imgcls::optim {

/// Of each: as many values as `tensors`, of which there is at least one.
at::Tensor norms(at::TensorList tensors);

/// Of all together: a scalar; 0 of none.
at::Tensor total_norm(at::TensorList tensors);

/// What layer-wise adaptation makes of `ratio`: it holds where weights and update both have a norm,
/// and is 1 elsewhere (LARS, LAMB).
at::Tensor trusted(const at::Tensor& ratio, const at::Tensor& weight_norms,
                   const at::Tensor& update_norms);

}  // namespace imgcls::optim
