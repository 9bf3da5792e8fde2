#pragma once
// Adam with Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016) and decay
// apart from the gradient: torch.optim.NAdam(decoupled_weight_decay=True).

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

#include <cstdint>

namespace imgcls::optim {

/// The options in `optimizer.nadamw`.
struct NAdamWOptions {
  double beta1 = 0.9,  ///< decay of the gradient's average, once it has risen
      beta2 = 0.999,   ///< decay of the average of its square
      eps = 1e-8;      ///< added to the denominator
  /// How fast the momentum rises to beta1.
  double momentum_decay = 0.004;
};

const OptionFields<NAdamWOptions>& nadamw_fields();  ///< keys of `optimizer.nadamw`

/// AdamW that looks a step ahead.
class NAdamW final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  NAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void begin(const Tensors& gradients, double lr) override;
  void update(Update& group) override;

  double momentum(std::int64_t step) const;

  NAdamWOptions options_;
  // Of all momenta so far. PyTorch keeps it as a float, too; here it needs no saving.
  float product_ = 1;
};

}  // namespace imgcls::optim
