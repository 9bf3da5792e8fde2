#pragma once
// RMSprop as TensorFlow has it, and so the recipes of EfficientNet and MobileNet: the mean square
// starts at one, epsilon stands under the root, and the learning rate in the momentum: timm's
// RMSpropTF. Weight decay is added to the gradient.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// The options in `optimizer.rmsprop_tf`.
struct RmspropTfOptions {
  /// Decay of the mean square.
  double alpha = 0.9;
  double momentum = 0.9;  ///< of the updates, learning rate included
  double eps = 0.001;     ///< added to the mean square, under the root
};

const OptionFields<RmspropTfOptions>& rmsprop_tf_fields();  ///< keys of `optimizer.rmsprop_tf`

/// The gradient over the root of its mean square, with momentum.
class RmspropTf final : public ForeachOptimizer {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  RmspropTf(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  RmspropTfOptions options_;
  bool cautious_;
};

}  // namespace imgcls::optim
