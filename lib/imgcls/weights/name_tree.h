#pragma once
// A model's names as a tree of their parts, and how a file's name leads through it. Internal to
// imgcls::weights.

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

class NameTree {
 public:
  /// The names must outlive the tree.
  explicit NameTree(std::span<const std::string> names);

  /// A name of the tree, reached by taking wrappers' parts off another.
  struct Way {
    std::size_t name;     ///< its number
    std::size_t removed;  ///< parts taken off
    std::size_t leading;  ///< of these, those before the first that stays
  };

  /// The way on which the fewest parts are taken off; of equal ones, on which more are leading.
  std::optional<Way> find(std::span<const std::string_view> parts) const;

 private:
  struct Node {
    std::map<std::string_view, std::size_t> children = {};
    std::optional<std::size_t> name = {};
  };

  std::vector<Node> nodes_{1};
};

}  // namespace imgcls::weights
