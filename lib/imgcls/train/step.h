#pragma once
// One optimizer step: forward, loss, backward (for each micro-batch), update.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/sharded_gradients.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/input.h>
#include <imgcls/train/options.h>
#include <imgcls/train/recipe/recipe.h>

#include <cstdint>
#include <memory>
#include <string>

namespace imgcls::train {

/// Trains a model step by step. All ranks call it alike.
class TrainStep {
 public:
  /// The replicas' model, which is on its device, its optimizer, and the options' recipe, precision
  /// and number of micro-batches. With `shards`, which outlives this, steps go shard by shard.
  /// Throws ConfigError.
  TrainStep(dist::DataParallel& replicas, optim::Optimizer& optimizer, const std::string& device,
            const RunOptions& options, dist::ShardedGradients* shards = nullptr);

  /// One step on this rank's images at learning rate `lr`. Returns the mean of the loss over this
  /// rank's images, by shards over all ranks' (a scalar on the device, without gradient). Random
  /// numbers that layers draw are the step's and the rank's, or the shard's. With `accumulate`
  /// micro-batches each goes through the model alone (batch norm sees it alone, too), and gradients
  /// travel with the last. The losses of the model's auxiliary classifiers are trained on as well,
  /// and are not in the result. Throws ConfigError when the images cannot be cut into so many.
  /// `gradient_norm`, where given, becomes the L2 norm of all the step's gradients, averaged over
  /// the ranks and before they are limited (a scalar on the device).
  at::Tensor operator()(const DeviceBatch& batch, double lr, at::Tensor* gradient_norm = nullptr,
                        const StepInfo& info = {});

  /// What images are best given in: what the first layer computes in on a device of its own, so
  /// that autocast need not convert them; float on a CPU.
  at::ScalarType input_type() const;

  /// The loss scale, for fp16; null otherwise.
  optim::GradScaler* scaler() { return scaler_.get(); }

  Recipe& recipe() { return recipe_; }  ///< what a step asks, in its order

 private:
  at::Tensor whole(TrainBatch batch, const StepInfo& info);
  at::Tensor by_shards(const TrainBatch& batch, const StepInfo& info);
  void shard(TrainBatch batch, const StepInfo& info);
  at::Tensor gradients(const TrainBatch& batch, dist::Gradients last);
  void update(double lr);
  at::Tensor backward(const TrainBatch& micro_batch, dist::Gradients gradients);

  dist::DataParallel& replicas_;
  optim::Optimizer& optimizer_;
  std::string device_;
  Precision precision_;
  std::int64_t accumulate_;
  std::unique_ptr<optim::GradScaler> scaler_;
  Recipe recipe_;
  dist::ShardedGradients* shards_;  // null: a rank's images are one part
};

/// Makes the random numbers that layers draw (dropout) those of this step and rank, or shard, so
/// that they need no saving: PyTorch's generators are seeded from (seed, step, part).
void seed_step(std::uint64_t seed, std::int64_t step, int part);

}  // namespace imgcls::train
