#pragma once
// Lion (Chen et al., "Symbolic discovery of optimization algorithms", arXiv:2302.06675), with decay
// apart from the gradient: timm's Lion. It wants a learning rate 3 to 10 times lower than AdamW's,
// and a decay higher by as much.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// The options in `optimizer.lion`.
struct LionOptions {
  /// Share of the average in the update's direction, and what decays it.
  double beta1 = 0.9, beta2 = 0.99;
};

const OptionFields<LionOptions>& lion_fields();  ///< keys of `optimizer.lion`

/// Updates by the sign of a mix of gradient and average alone.
class Lion final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  Lion(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  LionOptions options_;
  bool cautious_;
};

}  // namespace imgcls::optim
