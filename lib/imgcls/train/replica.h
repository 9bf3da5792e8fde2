#pragma once
// What a rank trains with: its model, its share of the images, and what takes a step.

#include <imgcls/data/loader.h>
#include <imgcls/data/source.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/sharded_gradients.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/plateau.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/train/input.h>
#include <imgcls/train/options.h>
#include <imgcls/train/step.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace imgcls::train {

/// A rank's part of data-parallel training.
class Replica {
 public:
  /// Moves the model to the rank's device and gives it rank 0's weights. All ranks call it alike;
  /// throws dist::AgreedError. `world` must outlive this.
  Replica(models::Model model, std::shared_ptr<const data::Source> source, RunOptions options,
          dist::World& world);

  /// Before the steps of epoch number `epoch`, from 0, on all ranks alike: trains what was frozen
  /// where `unfreeze_epoch` has come. Whether this was it.
  bool begin_epoch(std::uint32_t epoch);

  /// One step on a batch of the loader's, the run's (`done` + 1)-th: its random numbers, its
  /// learning rate, forward, backward, update. Result and `gradient_norm` as TrainStep's. Gradients
  /// need not be enabled by the caller.
  at::Tensor step(const data::Batch& batch, std::int64_t done, at::Tensor* gradient_norm = nullptr);
  /// Rates are from now on those after what `plateau` has counted.
  void set_reductions(const optim::Plateau& plateau) { schedule_.reductions = plateau.reductions; }
  /// Of the (`done` + 1)-th step.
  double learning_rate(std::int64_t done) const;

  /// Images over which `step`'s loss is the mean that this rank is to count: its own or, by shards,
  /// all on the first rank and none on others.
  std::size_t images_of_loss(const data::Batch& batch) const;

  /// Gives the buffers (running statistics) rank 0's values. All ranks call it.
  void sync_buffers() { parallel_->sync_buffers(); }

  /// Those it was made with; `data.threads` is no longer 0.
  const RunOptions& options() const { return options_; }
  /// As steps take their rates from it, reductions by plateau included.
  const optim::ScheduleOptions& schedule() const { return schedule_; }
  /// Global batches of an epoch.
  std::size_t steps_per_epoch() const { return loader_->batches_per_epoch(); }
  models::Model& model() { return model_; }    ///< on the rank's device
  data::Loader& loader() { return *loader_; }  ///< of the training images, this rank's share
  /// What brings the loader's batches to the device.
  const InputStage& input() const { return *input_; }
  /// Whether convolutions are imgcls's own (RunOptions::fast_convolutions).
  bool convolves_fast() const { return fast_convolutions_ != nullptr; }
  optim::Optimizer& optimizer() { return *optimizer_; }  ///< over the model's trained parameters
  /// Null but for fp16.
  optim::GradScaler* scaler() { return step_->scaler(); }
  Recipe& recipe() { return step_->recipe(); }  ///< the ingredients of a step

 private:
  void fit_to_images(const std::shared_ptr<const data::Source>& source);

  RunOptions options_;
  dist::World& world_;
  std::unique_ptr<kernels::FastConvolutionsGuard> fast_convolutions_;  // null: PyTorch's
  models::Model model_;
  std::unique_ptr<InputStage> input_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<dist::DataParallel> parallel_;
  std::unique_ptr<dist::ShardedGradients> shards_;  // null: none
  std::unique_ptr<TrainStep> step_;
  optim::ScheduleOptions schedule_;
};

}  // namespace imgcls::train
