#pragma once
// Schedule-free SGD and AdamW (Defazio et al., "The road less scheduled", arXiv:2405.15682), with
// the operations of the `schedulefree` package's foreach forms. Gradients are taken at the point y,
// which is what the parameters hold; z makes the steps; x, the average of all z so far, is what is
// evaluated and saved. y lies between z and x, so only y and z are kept. The learning rate is
// constant but for a warm-up, whose steps count less in the average.

#include <imgcls/core/option_fields.h>
#include <imgcls/optim/foreach_optimizer.h>

namespace imgcls::optim {

/// How much a step counts in the average: its number to the power `r`, times the highest learning
/// rate so far to the power `lr_power`.
struct AveragingOptions {
  double r = 0,      ///< power of the step's number
      lr_power = 2;  ///< power of the highest rate so far
};

/// The options in `optimizer.schedule_free_sgd`.
struct ScheduleFreeSgdOptions {
  /// Share of x in y.
  double momentum = 0.9;
  AveragingOptions averaging = {};  ///< how much each step counts in x
};

/// The options in `optimizer.schedule_free_adamw`.
struct ScheduleFreeAdamWOptions {
  double beta1 = 0.9,               ///< share of x in y
      beta2 = 0.999,                ///< decay of the average of the gradient's square
      eps = 1e-8;                   ///< added to the denominator
  AveragingOptions averaging = {};  ///< how much each step counts in x
};

/// Keys of `optimizer.schedule_free_sgd`.
const OptionFields<ScheduleFreeSgdOptions>& schedule_free_sgd_fields();
/// Keys of `optimizer.schedule_free_adamw`.
const OptionFields<ScheduleFreeAdamWOptions>& schedule_free_adamw_fields();

/// What both share: the weights of the steps, and the three points.
class ScheduleFree : public ForeachOptimizer {
 public:
  bool averages() const override { return true; }
  /// x, by the parameters' names.
  std::vector<models::NamedTensor> weights_to_evaluate() const override;

 protected:
  /// `slots` come after z. `momentum` is the share of x in y.
  ScheduleFree(std::vector<ParameterGroup> groups, std::vector<Slot> slots, double momentum,
               const AveragingOptions& averaging);

  /// Moves y along `change`, decay included, and z.
  void move(const Update& group, at::TensorList change) const;

 private:
  void begin(const Tensors& gradients, double lr) override;
  std::vector<models::NamedTensor> own_state() const override;

  double momentum_;
  AveragingOptions averaging_;
  double share_ = 0;                // of this step's z in x
  at::Tensor lr_max_, weight_sum_;  // double, on the CPU
};

/// z goes along the gradient at y.
class ScheduleFreeSgd final : public ScheduleFree {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  ScheduleFreeSgd(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;
};

/// z goes along the gradient at y, over the root of the average of its square.
class ScheduleFreeAdamW final : public ScheduleFree {
 public:
  /// Throws ConfigError where options.own is another optimizer's.
  ScheduleFreeAdamW(std::vector<ParameterGroup> groups, const OptimizerOptions& options);

 private:
  void update(Update& group) override;

  double beta2_, eps_;
};

}  // namespace imgcls::optim
