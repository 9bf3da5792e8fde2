#pragma once
// AdamW with caution (optim/caution.h): timm's AdamWLegacy. The fused kernel of AdamW
// (optim/adam.h) has no such form, hence operations over lists.

#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// AdamW with caution: made for "adamw" where OptimizerOptions::cautious is set.
class CautiousAdamW final : public ForeachOptimizer {
 public:
  /// Takes beta1, beta2 and eps of the options.
  CautiousAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

  void set_momentum(double momentum) override { beta1_ = momentum; }

 private:
  void update(Update& group) override;

  double beta1_, beta2_, eps_;
};

}  // namespace imgcls::optim
