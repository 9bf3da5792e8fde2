// The tree in which shards are added up, and who holds what of it.
#include <imgcls/dist/shard_tree.h>
#include <catch2/catch.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace imgcls {

/// For messages of a check that fails.
std::ostream& operator<<(std::ostream& out, const dist::Shards& shards) {
  return out << shards.count << " from " << shards.first;
}

}  // namespace imgcls

namespace imgcls::dist {
namespace {

/// The tree over n shards as a text: "(0 1) 2".
std::string text_of(const Shards& node) {
  if (node.count == 1) return std::to_string(node.first);
  const int middle = right_side(node);
  return "(" + text_of({node.first, middle - node.first}) + " " +
         text_of({middle, node.end() - middle}) + ")";
}

std::string text_of(const std::vector<Shards>& nodes) {
  std::string text;
  for (const Shards& node : nodes) text += (text.empty() ? "" : " + ") + text_of(node);
  return text;
}

std::string tree_of(int shards) {
  return text_of(ShardTree(shards).nodes_of({0, shards}));
}

}  // namespace

TEST_CASE("a tree over shards is that of the next power of two, what is missing left out") {
  CHECK(tree_of(1) == "0");
  CHECK(tree_of(2) == "(0 1)");
  CHECK(tree_of(3) == "((0 1) 2)");
  CHECK(tree_of(6) == "(((0 1) (2 3)) (4 5))");
  CHECK(tree_of(7) == "(((0 1) (2 3)) ((4 5) 6))");
}

TEST_CASE("a run of shards consists of the largest nodes that lie in it") {
  const ShardTree tree(8);
  CHECK(text_of(tree.nodes_of({0, 8})) == "(((0 1) (2 3)) ((4 5) (6 7)))");
  CHECK(text_of(tree.nodes_of({4, 4})) == "((4 5) (6 7))");
  CHECK(text_of(tree.nodes_of({2, 3})) == "(2 3) + 4");
  CHECK(text_of(tree.nodes_of({1, 6})) == "1 + (2 3) + (4 5) + 6");
  CHECK(text_of(ShardTree(7).nodes_of({4, 3})) == "((4 5) 6)");
  CHECK(text_of(ShardTree(7).nodes_of({5, 2})) == "5 + 6");
}

TEST_CASE("ranks hold all shards of a tree, one node each where ranks divide a power of two") {
  for (int shards = 1; shards <= 17; ++shards) {
    for (int ranks = 1; ranks <= shards; ++ranks) {
      INFO(shards << " shards on " << ranks << " ranks");
      const ShardTree tree(shards);
      int next = 0;
      for (const auto& nodes : nodes_of_ranks(tree, ranks)) {
        CHECK(!nodes.empty());
        if (shards == 16 && 16 % ranks == 0) CHECK(nodes.size() == 1);
        for (const Shards& node : nodes) {
          CHECK(node.first == next);
          next = node.end();
        }
      }
      CHECK(next == shards);
    }
  }
}

TEST_CASE("siblings are what a counter merges: any run ends in its largest nodes") {
  for (int shards = 1; shards <= 17; ++shards) {
    const ShardTree tree(shards);
    for (int first = 0; first < shards; ++first) {
      std::vector<Shards> nodes;
      for (int shard = first; shard < shards; ++shard) {
        nodes.push_back({shard, 1});
        while (nodes.size() > 1 && tree.are_siblings(nodes.end()[-2], nodes.back())) {
          nodes.end()[-2].count += nodes.back().count;
          nodes.pop_back();
        }
        INFO(shards << ": " << first << " to " << shard);
        CHECK(nodes == tree.nodes_of({first, shard + 1 - first}));
      }
    }
  }
}

}  // namespace imgcls::dist
