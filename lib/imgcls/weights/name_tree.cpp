#include <imgcls/weights/name_tree.h>
#include <imgcls/weights/wrappers.h>

#include <algorithm>
#include <utility>

namespace imgcls::weights {
namespace {

/// How far a name has led.
struct Step {
  std::size_t node, removed, leading;

  bool is_better_than(const Step& other) const {
    return removed != other.removed ? removed < other.removed : leading > other.leading;
  }
};

/// Of steps to the same node, the best is kept.
void add(std::vector<Step>& steps, const Step& step) {
  const auto known = std::ranges::find(steps, step.node, &Step::node);
  if (known == steps.end()) {
    steps.push_back(step);
  } else if (step.is_better_than(*known)) {
    *known = step;
  }
}

}  // namespace

NameTree::NameTree(std::span<const std::string> names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t node = 0;
    for (const std::string_view part : parts_of(names[i])) {
      const auto [child, is_new] = nodes_[node].children.try_emplace(part, nodes_.size());
      node = child->second;
      if (is_new) nodes_.emplace_back();
    }
    nodes_[node].name = i;
  }
}

std::optional<NameTree::Way> NameTree::find(std::span<const std::string_view> parts) const {
  std::vector<Step> steps{{0, 0, 0}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::vector<Step> next;
    const bool may_go = i + 1 < parts.size() && may_be_wrapper(parts[i]);
    for (const Step& step : steps) {
      const auto& children = nodes_[step.node].children;
      if (const auto child = children.find(parts[i]); child != children.end()) {
        add(next, {child->second, step.removed, step.leading});
      }
      if (may_go) add(next, {step.node, step.removed + 1, step.leading + (step.node == 0 ? 1 : 0)});
    }
    steps = std::move(next);
  }
  const Step* best = nullptr;
  for (const Step& step : steps) {
    if (!nodes_[step.node].name) continue;
    if (best == nullptr || step.is_better_than(*best)) best = &step;
  }
  if (best == nullptr) return {};
  return Way{*nodes_[best->node].name, best->removed, best->leading};
}

}  // namespace imgcls::weights
