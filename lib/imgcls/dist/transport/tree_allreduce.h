#pragma once
// An allreduce whose sums have the same bits wherever a number lies in the block. Internal to
// dist/.
//
// A ring, and what MPI libraries do, add a number in an order that depends on its place, on the
// block's length, or on the library. Gradients change places: c10d's Reducer fills its buckets in
// one order in a program's first step and perhaps in another later. Here each rank owns a slice,
// gets it from all others, adds the ranks' parts in one fixed tree (reduction.h) and hands the sums
// round: each rank sends and receives 2 (p-1)/p of the block, as around a ring, but in two steps
// instead of 2 (p-1).

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
  TreeAllreduce(int rank, int size, std::int64_t slice_bytes)
      : rank_(rank), size_(size), slice_bytes_(slice_bytes) {}

  /// In place, over all ranks. Collective. Memory: `slice_bytes` for each rank, which, as the
  /// numbers, must stay after an exchange that failed until nothing can be under way.
  void run(const Numbers& numbers, Reduction reduction, const Exchange& exchange);

 private:
  void run_small(const Numbers& numbers, Reduction reduction, const Exchange& exchange);
  void run_in_blocks(const Numbers& numbers, Reduction reduction, const Exchange& exchange);
  /// What the others sent, put together with `into`, which is this rank's part.
  void reduce_received(const Numbers& into, Reduction reduction);
  std::span<std::byte> received_from(int rank, std::size_t bytes);
  /// The other ranks, from the next on, so that not all begin with the same.
  std::vector<int> others() const;

  int rank_, size_;
  std::int64_t slice_bytes_;
  std::vector<std::byte> received_;  // a place for each rank
  std::size_t place_ = 0;            // its size in bytes
};

}  // namespace imgcls::dist
