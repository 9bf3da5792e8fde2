#pragma once
// All ingredients of a run, in the order in which a step asks them (ingredient.h).

#include <imgcls/models/distilled.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>
#include <imgcls/train/recipe/ingredient.h>
#include <imgcls/train/recipe/loss.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::train {

/// What a step asks, for all of the run's ingredients.
class Recipe {
 public:
  /// What `options` say, for a model that is on its device. Throws ConfigError.
  Recipe(const RunOptions& options, const models::Model& model);

  /// One ingredient more, which is asked last.
  void add(std::unique_ptr<Ingredient> ingredient);

  /// To be called before the first step of an epoch that this process takes: until then what grows
  /// over a run is as it will be at last.
  void begin_epoch(std::uint32_t epoch);
  /// Of the rank's images or of one shard's, before they are cut into micro-batches.
  void before_forward(const StepInfo& info, TrainBatch& batch);
  /// The mean over images; with a teacher its part and the labels', of logits of their own where
  /// the network has them `apart`.
  at::Tensor loss(const at::Tensor& logits, const Targets& targets,
                  const std::optional<models::DistilledLogits>& apart = {}) const;
  /// Whether anyone looks at the gradients, which fp16's scale must be taken off before.
  bool changes_gradients() const;
  /// Once a step, of gradients that are averaged and not scaled.
  void after_backward(const StepInfo& info, optim::Optimizer& optimizer);
  /// Whether a step is taken twice, from other weights the second time.
  bool climbs() const;
  /// Before gradients are taken a second time, by shards for each alone.
  void climb(const optim::Optimizer& optimizer);
  void come_back();  ///< undoes climb
  /// Once a step, of weights that the optimizer has changed.
  void after_update(const StepInfo& info);

  /// Whether other weights are evaluated than those that are trained.
  bool has_weights() const;
  /// What `evaluate` returns while the model has the weights to evaluate; it has those that are
  /// trained again when this returns or throws.
  template <class Evaluate>
  auto with_weights_to_evaluate(const Evaluate& evaluate) {
    exchange_weights();
    try {
      auto result = evaluate();
      exchange_weights();
      return result;
    } catch (...) {
      exchange_weights();
      throw;
    }
  }

  /// What checkpoints keep; tensors share memory with the ingredients, and are filled to resume.
  std::vector<IngredientState> state() const;

 private:
  void exchange_weights();

  Loss loss_;
  double label_smoothing_;
  DistillationOptions distillation_;
  std::vector<std::unique_ptr<Ingredient>> ingredients_;
};

}  // namespace imgcls::train
