#pragma once
// LARS (You et al., "Large batch training of convolutional networks", arXiv:1708.03888), as timm's
// Lars and NVIDIA's LARC: where there is no decay the layer's rate is not adapted.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// The options in `optimizer.lars`.
struct LarsOptions {
  double momentum = 0.9;  ///< of the adapted gradients
  bool nesterov = false;  ///< Nesterov's form of it
  /// Share of the ratio of norms.
  double trust_coefficient = 0.001;
  double eps = 1e-8;  ///< added to the norm that the ratio divides by
  /// The adapted rate is at most the schedule's (LARC).
  bool trust_clip = false;
};

const OptionFields<LarsOptions>& lars_fields();  ///< keys of `optimizer.lars`

/// SGD whose rate is adapted to each tensor by the ratio of the norms of weights and gradient.
class Lars final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  Lars(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  LarsOptions options_;
};

}  // namespace imgcls::optim
