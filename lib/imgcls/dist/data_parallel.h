#pragma once
// Data-parallel training of imgcls' models: each rank runs the model on its share of the global
// batch, and gradients are averaged over the ranks while the backward pass runs (c10d's Reducer, as
// PyTorch's DistributedDataParallel uses it). Of any module: dist/distributed_data_parallel.h.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/replicated_module.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>

#include <memory>
#include <vector>

namespace imgcls::dist {

/// What a backward pass does with the gradients it computes. They are added to those that the
/// parameters have already, as always in PyTorch.
enum class Gradients {
  average,  ///< the sums become averages over the ranks: for a step's last, or only, micro-batch
  keep,     ///< the sums stay this rank's: another micro-batch of the step follows
};

/// How a model's replicas are kept equal.
struct DataParallelOptions {
  Compression compression = Compression::none;  ///< how gradients travel
  /// Set buffers (running statistics) to rank 0's at each step's first micro-batch, as PyTorch's
  /// DistributedDataParallel does, for models that read them in training. Batch norm does not:
  /// `sync_buffers` before evaluations and checkpoints then gives the same.
  bool broadcast_buffers = false;
  /// Gradients become averages; else all stay each rank's own, for who adds them up otherwise
  /// (dist/sharded_gradients.h).
  bool averages = true;
};

/// Keeps a model's replicas equal. In a world of one it only calls the model.
class DataParallel {
 public:
  /// Copies rank 0's parameters and buffers to all ranks. The model's parameters must keep their
  /// strides from here on (convert to channels_last before). `model` and `world` outlive this.
  /// The options are the same on all ranks. Throws DistError when ranks hold models of different
  /// shapes. Optimizers may set gradients to undefined, zero, change or detach them.
  DataParallel(models::Model& model, World& world, const DataParallelOptions& options = {});

  const models::Model& model() const { return model_; }  ///< the replica of this rank

  /// Which of the model's parameters are trained has changed, on all ranks alike: makes anew what
  /// averages their gradients, of which none is kept. Copies rank 0's parameters and buffers to all
  /// ranks. Throws DistError.
  void renew();

  /// Logits of this rank's images, in training. Call `backward` on a loss of them before the next
  /// `forward`; what becomes of the gradients, `gradients` says. Each rank may have another number
  /// of micro-batches before the one that averages.
  at::Tensor forward(const at::Tensor& images, Gradients gradients = Gradients::average);

  /// The auxiliary classifiers' logits of the last `forward`, whose losses belong to the step's.
  std::vector<models::Auxiliary> auxiliary() const { return model_.auxiliary(); }

  /// Copies rank 0's buffers to all ranks: before an evaluation or a checkpoint.
  void sync_buffers() { replicated_->sync_buffers(); }

 private:
  models::Model& model_;
  World& world_;
  DataParallelOptions options_;
  std::unique_ptr<ReplicatedModule> replicated_;
};

}  // namespace imgcls::dist
