#pragma once
// Sums, and other reductions, of numbers in memory, in an order that is always the same. Internal
// to dist/.

#include <c10/core/ScalarType.h>
#include <imgcls/dist/shard_tree.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace imgcls::dist {

enum class Reduction { sum, product, min, max };

/// Numbers in one block of memory.
struct Numbers {
  void* data = nullptr;
  std::int64_t count = 0;
  c10::ScalarType type = c10::ScalarType::Float;
};

/// What is to be put together: a node of a tree (shard_tree.h) and where its numbers lie.
struct TreeNode {
  Shards shards;
  void* data = nullptr;
};

/// into[i] = nodes[0][i] (op) nodes[1][i] (op) ..., put together as the tree says. The nodes follow
/// each other, and are together a node of the tree themselves. Each sum's bits depend on its
/// numbers alone, not on their place. The nodes have as many numbers as `into`, and the same type;
/// `into` may be one of them. The others are used as scratch memory.
void reduce_nodes(std::span<const TreeNode> nodes, const Numbers& into, Reduction reduction);

/// The same of parts that are a shard each.
void reduce_in_tree(std::span<void* const> parts, const Numbers& into, Reduction reduction);

}  // namespace imgcls::dist
