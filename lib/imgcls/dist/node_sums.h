#pragma once
// Sums of a tree's nodes between ranks by what any c10d backend offers: between GPUs, NCCL.
// Internal to dist/.
//
// NCCL's allreduce adds in an order of its own, which depends on the number of ranks. Here, as on
// CPUs (transport/tree_allreduce.h), each rank owns a slice: an all-to-all brings it the slice of
// all nodes, it adds them on its device in the tree's order, and an all-gather hands the sums
// round.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/shard_tree.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace imgcls::dist {

/// Sums are made in the order in which they are asked for, which is the same on all ranks.
class NodeSums {
 public:
  /// `nodes` are the nodes that each rank holds, all together the whole tree; tensors are on
  /// `device`, where `backend` takes them.
  NodeSums(c10::intrusive_ptr<c10d::Backend> backend, std::shared_ptr<const NodesOfRanks> nodes,
           c10::Device device);

  /// `mine` are this rank's nodes, contiguous and of one size on all ranks; the first becomes the
  /// sum of all. On a GPU all of it is handed to a stream beside the current one, and the work's
  /// `wait` makes the stream of that time wait for it, not the host.
  c10::intrusive_ptr<c10d::Work> sum(const std::vector<at::Tensor>& mine);

 private:
  void sum_now(const std::vector<at::Tensor>& mine);
  /// This rank's slice of every node of every rank, in the order of their shards: [nodes, slice].
  at::Tensor exchange(const std::vector<at::Tensor>& mine, std::int64_t slice);
  /// Their sum: [slice]. What came is used as scratch memory.
  at::Tensor add_up(const at::Tensor& received) const;

  c10::intrusive_ptr<c10d::Backend> backend_;
  std::shared_ptr<const NodesOfRanks> nodes_;
  std::optional<c10::Stream> stream_;  // none on a CPU
};

}  // namespace imgcls::dist
