#include <imgcls/optim/caution.h>

#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sign.h>

namespace imgcls::optim {

std::vector<at::Tensor> cautious(at::TensorList updates, at::TensorList gradients) {
  std::vector<at::Tensor> mask = at::_foreach_mul(updates, gradients);
  at::_foreach_sign_(mask);
  at::_foreach_clamp_min_(mask, 0);
  // The mean of zeros and ones from their sum, which no order of adding changes.
  std::vector<at::Tensor> share = at::_foreach_norm(mask, 1);
  std::vector<at::Scalar> sizes;
  for (const at::Tensor& each : mask) sizes.emplace_back(each.numel());
  at::_foreach_div_(share, sizes);
  at::_foreach_clamp_min_(share, 1e-3);
  at::_foreach_div_(mask, share);
  at::_foreach_mul_(mask, updates);
  return mask;
}

}  // namespace imgcls::optim
