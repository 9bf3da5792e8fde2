#pragma once
// The averages of the gradient and of its square that Adam and its kin keep. Internal to
// imgcls::optim.

#include <ATen/core/Tensor.h>
#include <imgcls/core/option_fields.h>

namespace imgcls::optim {

/// Adds a group's gradients to its averages, in the order of operations of torch.optim's foreach
/// implementations.
void update_moments(at::TensorList exp_avg, at::TensorList exp_avg_sq, at::TensorList gradients,
                    double beta1, double beta2);

/// "betas" and "eps" of a struct that has `beta1`, `beta2` and `eps`.
template <class Options>
void add_moment_options(OptionFields<Options>& fields) {
  fields.add_pair("betas", &Options::beta1, &Options::beta2,
                  "Decay of the averages of the gradient and of its square.",
                  {.minimum = 0, .below = 1});
  fields.add("eps", &Options::eps, "Added to the denominator.", Limits::greater_than(0));
}

}  // namespace imgcls::optim
