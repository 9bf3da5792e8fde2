#pragma once
// Data-parallel training: each rank runs the model on its share of the global batch, and gradients
// are averaged over the ranks while the backward pass runs (c10d's Reducer, as PyTorch's
// DistributedDataParallel uses it).

#include <ATen/core/Tensor.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>

#include <memory>

namespace imgcls::dist {

/// Keeps a model's replicas equal. In a world of one it only calls the model.
class DataParallel {
 public:
  /// Copies rank 0's parameters and buffers to all ranks. The model's parameters must keep their
  /// strides from here on (convert to channels_last before). `model` and `world` outlive this.
  /// Throws DistError when ranks hold models of different shapes.
  DataParallel(models::Model& model, World& world);
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  /// Logits of this rank's images, in training. Buffers (batch-norm statistics) are rank 0's, as
  /// they were before the step. Call `backward` on a loss of them before the next `forward`; then
  /// the parameters' gradients are the averages over the ranks.
  at::Tensor forward(const at::Tensor& images);

  /// Copies rank 0's buffers to all ranks: before an evaluation or a checkpoint.
  void sync_buffers();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imgcls::dist
