#pragma once
// An allreduce whose sums have the same bits wherever a number lies in the block. Internal to
// dist/.
//
// A ring, and what MPI libraries do, add a number in an order that depends on its place, on the
// block's length, or on the library. Gradients change places: c10d's Reducer fills its buckets in
// one order in a program's first step and perhaps in another later. Here each rank owns a slice,
// gets it from all others, adds the ranks' parts in one fixed tree (shard_tree.h) and hands the
// sums round: each rank sends and receives 2 (p-1)/p of the block, as around a ring, but in two
// steps instead of 2 (p-1). Where ranks bring several nodes of a tree over the shards of a batch,
// they send each of them, so that the sum's bits do not depend on the number of ranks either.

#include <imgcls/dist/transport/reduction.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace imgcls::dist {

struct Outgoing {
  int to = 0;
  std::span<const std::byte> bytes;
};
struct Incoming {
  int from = 0;
  std::span<std::byte> bytes;
};

/// Sends and receives all of these at once, and returns when that is done. What goes from one rank
/// to another arrives in the order of these lists.
using Exchange = std::function<void(std::span<const Outgoing>, std::span<const Incoming>)>;

class TreeAllreduce {
 public:
  /// `slice_bytes`, a multiple of 64: the most of a block that is one rank's to add at a time, and
  /// so the longest message.
  TreeAllreduce(int rank, int size, std::int64_t slice_bytes);

  /// In place, over all ranks. Collective. Memory: `slice_bytes` for each rank, which, as the
  /// numbers, must stay after an exchange that failed until nothing can be under way.
  void run(const Numbers& numbers, Reduction reduction, const Exchange& exchange);

  /// The same of ranks that bring the nodes of a tree that `nodes` names for each of them. `mine`
  /// are this rank's, blocks of the same size, of which the first becomes the sum of all; the
  /// others are used as scratch memory. Memory: `slice_bytes` for each node.
  void run(std::span<const Numbers> mine, const NodesOfRanks& nodes, Reduction reduction,
           const Exchange& exchange);

 private:
  /// A collective under way.
  struct Sum {
    std::span<const Numbers> mine;
    const NodesOfRanks& nodes;
    Reduction reduction;
    const Exchange& exchange;
  };

  void run_small(const Sum& sum);
  void run_in_blocks(const Sum& sum);
  /// What the others sent, put together with this rank's, whose first becomes the sum.
  void reduce_received(const Sum& sum, std::span<const Numbers> mine);
  /// Where the nodes of `rank` come to lie that have so many bytes.
  std::vector<std::span<std::byte>> places_of(const Sum& sum, int rank, std::size_t bytes);
  /// The other ranks, from the next on, so that not all begin with the same.
  std::vector<int> others() const;

  int rank_, size_;
  std::int64_t slice_bytes_;
  NodesOfRanks one_each_;            // a shard for each rank
  std::vector<std::byte> received_;  // a place for each node
  std::size_t place_ = 0;            // its size in bytes
};

}  // namespace imgcls::dist
