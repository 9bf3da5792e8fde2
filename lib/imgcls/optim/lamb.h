#pragma once
// LAMB (You et al., "Large batch optimization for deep learning", arXiv:1904.00962), with the
// details of timm's Lamb: gradients are first scaled down together to the norm `max_grad_norm`,
// decay is a part of the update, and where there is none the layer's rate is not adapted.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// The options in `optimizer.lamb`.
struct LambOptions {
  double beta1 = 0.9,  ///< decay of the gradient's average
      beta2 = 0.999,   ///< decay of the average of its square
      eps = 1e-6;      ///< added to the denominator
  /// Largest norm of all gradients together; 0: no limit.
  double max_grad_norm = 1;
  /// The ratio of norms is at most 1.
  bool trust_clip = false;
};

const OptionFields<LambOptions>& lamb_fields();  ///< keys of `optimizer.lamb`

/// Adam whose rate is adapted to each tensor by the ratio of the norms of weights and update.
class Lamb final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  Lamb(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;
  void begin(const Tensors& gradients, double lr) override;

  LambOptions options_;
  bool cautious_;
  at::Tensor clip_;  // what this step's gradients are divided by; undefined: nothing
};

}  // namespace imgcls::optim
