#pragma once
// Gradients of the shards of a global batch, added up in one order whoever computes them, so that
// training has the same bits on any number of ranks ("virtual ranks"; EasyScale, arXiv:2208.14228).
//
// A step goes through the model shard by shard. Each shard's gradients, and what it makes of the
// model's buffers (batch norm's running statistics) from what they were before the step, are leaves
// of one tree over all shards (shard_tree.h). A rank adds its own while they come, as a binary
// counter counts, so that it holds at most one sum for each level of the tree; in the backward pass
// of its last shard, sums travel bucket by bucket while the pass goes on.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/shard_tree.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>

#include <memory>

namespace imgcls::dist {

/// For each step, on all ranks:  for each shard of `mine`: begin, forward, collect, backward, end;
/// then finish.
class ShardedGradients {
 public:
  /// `model` is on its device, has the same weights on all ranks, and keeps its parameters, their
  /// strides and, until `renew`, which of them are trained. `shards` is at least the number of
  /// ranks. `model` and `world` outlive this. Throws ConfigError for more ranks than shards.
  ShardedGradients(models::Model& model, World& world, int shards);
  ~ShardedGradients();
  ShardedGradients(const ShardedGradients&) = delete;
  ShardedGradients& operator=(const ShardedGradients&) = delete;

  /// Which of the model's parameters are trained has changed, between two steps, on all ranks
  /// alike.
  void renew();

  /// Of all ranks.
  int shards() const;
  /// Of this rank.
  const Shards& mine() const;

  /// Shard number `shard`, the next of this rank's, begins: no parameter has a gradient, and
  /// buffers are what they were before the step.
  void begin(int shard);
  /// The next backward pass is the one whose gradients count. They are taken away as they come.
  void collect();
  /// The shard is done; `loss`, a scalar on the device without gradient, is its mean.
  void end(const at::Tensor& loss);
  /// All shards are done: gradients are their means over the shards, and so are buffers. Returns
  /// the mean of the losses. All have the same bits on all ranks. Throws DistError.
  at::Tensor finish();

 private:
  void hook();
  void unhook();

  struct State;
  models::Model& model_;
  World& world_;
  std::unique_ptr<State> state_;
};

}  // namespace imgcls::dist
