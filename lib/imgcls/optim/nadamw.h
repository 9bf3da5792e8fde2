#pragma once
// Adam with Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016) and decay
// apart from the gradient: torch.optim.NAdam(decoupled_weight_decay=True).

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

struct NAdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  /// How fast the momentum rises to beta1.
  double momentum_decay = 0.004;
};

const OptionFields<NAdamWOptions>& nadamw_fields();

class NAdamW final : public ForeachOptimizer {
 public:
  NAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  NAdamWOptions options_;
};

}  // namespace imgcls::optim
