#pragma once
// LARS (You et al., "Large batch training of convolutional networks", arXiv:1708.03888), as timm's
// Lars and NVIDIA's LARC: where there is no decay the layer's rate is not adapted.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

struct LarsOptions {
  double momentum = 0.9;
  bool nesterov = false;
  /// Share of the ratio of norms.
  double trust_coefficient = 0.001;
  double eps = 1e-8;
  /// The adapted rate is at most the schedule's (LARC).
  bool trust_clip = false;
};

const OptionFields<LarsOptions>& lars_fields();

class Lars final : public ForeachOptimizer {
 public:
  Lars(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  LarsOptions options_;
};

}  // namespace imgcls::optim
