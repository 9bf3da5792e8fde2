#pragma once
// Shards of some tensors, added up along a tree (shard_tree.h) on one rank. Internal to dist/.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/shard_tree.h>

#include <vector>

namespace imgcls::dist {

/// Tensors that lie in one block of memory, one behind the other.
struct TensorBlock {
  at::Tensor all;
  std::vector<at::Tensor> parts;  ///< views, of the tensors' shapes and strides
};

/// Holds as few sums as can be: one for each level of the tree at most, and one more while two are
/// added. What it has held once it keeps, to hold the next step's.
class ShardCounter {
 public:
  /// For the shards `mine`, which are of the shapes, strides and type of `like`, at least one.
  ShardCounter(const ShardTree& tree, const Shards& mine, std::vector<at::Tensor> like)
      : tree_(tree), mine_(mine), like_(std::move(like)) {}

  /// One shard more, the next of `mine`: a tensor for each, which nobody writes to any more; an
  /// undefined one is zero.
  void add(int shard, const std::vector<at::Tensor>& tensors);

  /// The sums so far, contiguous, in the order of their shards.
  std::vector<at::Tensor> sums() const;
  TensorBlock& first() { return nodes_.front().block; }

  /// Begins anew.
  void clear();

 private:
  struct Node {
    Shards shards;
    TensorBlock block;
  };

  void merge();
  TensorBlock take_block();

  ShardTree tree_;
  Shards mine_;
  std::vector<at::Tensor> like_;
  std::vector<Node> nodes_;
  std::vector<at::Tensor> waiting_;  // the last shard's, for its sibling; or none
  std::vector<TensorBlock> spare_;
};

}  // namespace imgcls::dist
