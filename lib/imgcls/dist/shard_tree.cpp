#include <imgcls/dist/shard_tree.h>

#include <bit>

namespace imgcls::dist {
namespace {

void add_nodes(const Shards& node, const Shards& run, std::vector<Shards>& found) {
  if (node.end() <= run.first || run.end() <= node.first) return;
  if (run.first <= node.first && node.end() <= run.end()) {
    found.push_back(node);
    return;
  }
  const int middle = right_side(node);
  add_nodes({node.first, middle - node.first}, run, found);
  add_nodes({middle, node.end() - middle}, run, found);
}

}  // namespace

int right_side(const Shards& node) {
  return node.first + static_cast<int>(std::bit_floor(static_cast<unsigned>(node.count - 1)));
}

std::vector<Shards> ShardTree::nodes_of(const Shards& run) const {
  std::vector<Shards> found;
  add_nodes({0, shards_}, run, found);
  return found;
}

bool ShardTree::are_siblings(const Shards& left, const Shards& right) const {
  if (left.end() != right.first) return false;
  const Shards parent{left.first, left.count + right.count};
  return right_side(parent) == right.first && nodes_of(parent).size() == 1;
}

NodesOfRanks nodes_of_ranks(const ShardTree& tree, int ranks) {
  NodesOfRanks nodes;
  for (int rank = 0; rank < ranks; ++rank) {
    nodes.push_back(tree.nodes_of(share_of(tree.shards(), rank, ranks)));
  }
  return nodes;
}

}  // namespace imgcls::dist
