#pragma once
// The order in which the shards of a global batch are added up: one binary tree, whoever holds
// them, so that sums have the same bits on any number of ranks.

#include <imgcls/core/share.h>

#include <vector>

namespace imgcls::dist {

/// Consecutive shards.
using Shards = Share<int>;

/// A binary tree over shards 0 to n - 1. A node of several shards is the sum of a left one, of the
/// largest power of two of shards below their number, and a right one of the others:
///
///   n = 5:  ((0 1) (2 3)) 4        n = 6:  ((0 1) (2 3)) (4 5)
///
/// So nodes of 2^k shards that begin at a multiple of 2^k are the same in all trees.
class ShardTree {
 public:
  explicit ShardTree(int shards) : shards_(shards) {}  ///< at least 1

  int shards() const { return shards_; }  ///< the leaves

  /// The largest nodes that a run of shards consists of, from the first to the last: one where it
  /// is a node itself, at most twice the tree's height.
  std::vector<Shards> nodes_of(const Shards& run) const;

  /// Whether two nodes, `left` before `right`, are the two of which one node is the sum.
  bool are_siblings(const Shards& left, const Shards& right) const;

 private:
  int shards_;
};

/// Makes one of the last two of `nodes`, which follow each other and know their `shards`, for as
/// long as they are siblings. `add(left, right)` puts the right one's numbers into the left one.
template <class Node, class Add>
void add_up_siblings(const ShardTree& tree, std::vector<Node>& nodes, const Add& add) {
  while (nodes.size() > 1 && tree.are_siblings(nodes.end()[-2].shards, nodes.back().shards)) {
    Node &left = nodes.end()[-2], &right = nodes.back();
    add(left, right);
    left.shards.count += right.shards.count;
    nodes.pop_back();
  }
}

/// Where the right side of a node of several shards begins.
int right_side(const Shards& node);

/// The nodes of a tree that each rank holds, all together the whole tree.
using NodesOfRanks = std::vector<std::vector<Shards>>;

/// What each of `ranks` holds of `tree` when shards are dealt out in order and as evenly as can be.
NodesOfRanks nodes_of_ranks(const ShardTree& tree, int ranks);

}  // namespace imgcls::dist
