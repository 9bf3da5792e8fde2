#include <imgcls/optim/moments.h>

#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>

namespace imgcls::optim {

void update_moments(at::TensorList exp_avg, at::TensorList exp_avg_sq, at::TensorList gradients,
                    double beta1, double beta2) {
  at::_foreach_lerp_(exp_avg, gradients, 1 - beta1);
  at::_foreach_mul_(exp_avg_sq, beta2);
  at::_foreach_addcmul_(exp_avg_sq, gradients, gradients, 1 - beta2);
}

}  // namespace imgcls::optim
