#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <imgcls/dist/transport/reduction.h>

#include <algorithm>
#include <vector>

namespace imgcls::dist {
namespace {

// into = a (op) b; `into` may be one of them.
void reduce_two(const Numbers& into, void* a, void* b, Reduction reduction) {
  const auto tensor = [&](void* data) {
    return at::from_blob(data, {into.count}, at::TensorOptions().dtype(into.type));
  };
  at::Tensor result = tensor(into.data);
  switch (reduction) {
    case Reduction::sum:
      at::add_out(result, tensor(a), tensor(b));
      return;
    case Reduction::product:
      at::mul_out(result, tensor(a), tensor(b));
      return;
    case Reduction::min:
      at::minimum_out(result, tensor(a), tensor(b));
      return;
    case Reduction::max:
      at::maximum_out(result, tensor(a), tensor(b));
      return;
  }
}

// Where all of `nodes`, put together, then lie: in the first of them.
void* reduce_subtree(std::span<const TreeNode> nodes, const Numbers& like, Reduction reduction) {
  if (nodes.size() > 1) reduce_nodes(nodes, {nodes[0].data, like.count, like.type}, reduction);
  return nodes[0].data;
}

}  // namespace

void reduce_nodes(std::span<const TreeNode> nodes, const Numbers& into, Reduction reduction) {
  const at::NoGradGuard no_grad;
  const int first = nodes.front().shards.first;
  const int middle = right_side({first, nodes.back().shards.end() - first});
  const auto right = std::ranges::find_if(
      nodes, [&](const TreeNode& node) { return node.shards.first >= middle; });
  void* left = reduce_subtree({nodes.begin(), right}, into, reduction);
  reduce_two(into, left, reduce_subtree({right, nodes.end()}, into, reduction), reduction);
}

void reduce_in_tree(std::span<void* const> parts, const Numbers& into, Reduction reduction) {
  std::vector<TreeNode> nodes;
  for (void* part : parts) nodes.push_back({{static_cast<int>(nodes.size()), 1}, part});
  reduce_nodes(nodes, into, reduction);
}

}  // namespace imgcls::dist
