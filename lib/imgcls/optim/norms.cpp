#include <imgcls/optim/norms.h>

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

namespace imgcls::optim {

at::Tensor norms(at::TensorList tensors) {
  return at::stack(at::_foreach_norm(tensors));
}

at::Tensor total_norm(at::TensorList tensors) {
  return tensors.empty() ? at::zeros({}) : at::linalg_vector_norm(norms(tensors));
}

at::Tensor trusted(const at::Tensor& ratio, const at::Tensor& weight_norms,
                   const at::Tensor& update_norms) {
  return at::where(weight_norms.gt(0).logical_and(update_norms.gt(0)), ratio, at::ones_like(ratio));
}

}  // namespace imgcls::optim
