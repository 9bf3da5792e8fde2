#pragma once
// Rectified Adam (Liu et al., "On the variance of the adaptive learning rate and beyond",
// arXiv:1908.03265): torch.optim.RAdam.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

struct RAdamOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  /// Decay apart from the gradient, as AdamW's; else added to it.
  bool decoupled = false;
};

const OptionFields<RAdamOptions>& radam_fields();

class RAdam final : public ForeachOptimizer {
 public:
  RAdam(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  RAdamOptions options_;
};

}  // namespace imgcls::optim
