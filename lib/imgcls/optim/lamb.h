#pragma once
// LAMB (You et al., "Large batch optimization for deep learning", arXiv:1904.00962), with the
// details of timm's Lamb: gradients are first scaled down together to the norm `max_grad_norm`,
// decay is a part of the update, and where there is none the layer's rate is not adapted.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

struct LambOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-6;
  /// Largest norm of all gradients together; 0: no limit.
  double max_grad_norm = 1;
  /// The ratio of norms is at most 1.
  bool trust_clip = false;
};

const OptionFields<LambOptions>& lamb_fields();

class Lamb final : public ForeachOptimizer {
 public:
  Lamb(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;
  void begin(const Tensors& gradients, double lr) override;

  LambOptions options_;
  bool cautious_;
  at::Tensor clip_;  // what this step's gradients are divided by; undefined: nothing
};

}  // namespace imgcls::optim
