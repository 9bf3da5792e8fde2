#include <imgcls/core/error.h>
#include <imgcls/weights/name_match.h>
#include <imgcls/weights/name_tree.h>
#include <imgcls/weights/part.h>
#include <imgcls/weights/wrappers.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace imgcls::weights {
namespace {

using Ways = std::vector<std::optional<NameTree::Way>>;

class Matcher {
 public:
  Matcher(std::span<const StoredTensor> tensors, std::span<const std::string> model,
          const std::function<bool(std::string_view)>& is_required, std::string_view source)
      : tensors_(tensors), model_(model), source_(source), tree_(model) {
    for (std::size_t i = 0; i < model.size(); ++i) {
      if (is_required(model[i])) required_.insert(i);
    }
  }

  NameMatch match() const {
    std::string prefix;
    Ways ways = ways_below(prefix);
    const std::size_t found = count_required(ways);
    if (found < required_.size() || !are_different(ways)) {
      prefix = find_prefix(found);
      if (!prefix.empty()) ways = ways_below(prefix);
    }
    NameMatch result;
    result.names = names(ways);
    const std::string own = prefix.empty() ? common_wrapper(ways) : prefix;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const bool outside = !own.empty() && !behind(tensors_[i].name, own);
      result.beside.push_back(!ways[i] && (outside || is_counter(tensors_[i])));
    }
    return result;
  }

 private:
  Ways ways_below(std::string_view prefix) const {
    Ways ways;
    for (const StoredTensor& tensor : tensors_) {
      std::optional<std::string_view> rest = tensor.name;
      if (!prefix.empty()) rest = behind(tensor.name, prefix);
      ways.push_back(rest ? tree_.find(parts_of(*rest)) : std::nullopt);
    }
    return ways;
  }

  std::size_t count_required(const Ways& ways) const {
    std::unordered_set<std::size_t> found;
    for (const auto& way : ways) {
      if (way && required_.contains(way->name)) found.insert(way->name);
    }
    return found.size();
  }

  static bool are_different(const Ways& ways) {
    std::unordered_set<std::size_t> seen;
    return std::ranges::all_of(
        ways, [&](const auto& way) { return !way || seen.insert(way->name).second; });
  }

  /// The parts that may be wrappers' with which all tensors' names begin, but for counters.
  std::string common_wrappers() const {
    std::optional<std::vector<std::string_view>> common;
    for (const StoredTensor& tensor : tensors_) {
      if (is_counter(tensor)) continue;
      const std::vector<std::string_view> parts = parts_of(tensor.name);
      if (!common) common = parts;
      const auto end = std::ranges::mismatch(*common, parts).in1;
      common->erase(end, common->end());
    }
    std::string prefix;
    for (const std::string_view part : common.value_or(std::vector<std::string_view>())) {
      if (!may_be_wrapper(part)) break;
      prefix += prefix.empty() ? "" : ".";
      prefix += part;
    }
    return prefix;
  }

  /// The prefix below which more than `found`, and more than half, of what is required stands;
  /// empty where there is none.
  std::string find_prefix(std::size_t found) const {
    // Modules of the network's own may be called as wrappers are, so that a name alone says little.
    if (const std::string wrappers = common_wrappers(); !wrappers.empty()) {
      const Ways ways = ways_below(wrappers);
      if (count_required(ways) == required_.size() && are_different(ways)) return wrappers;
    }
    std::map<std::string, std::unordered_set<std::size_t>> below;
    for (const StoredTensor& tensor : tensors_) {
      const std::vector<std::string_view> parts = parts_of(tensor.name);
      std::string prefix;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (i > 0) prefix += '.';
        prefix += parts[i];
        if (may_be_wrapper(parts[i])) continue;  // it is found without that, too
        const auto way = tree_.find(std::span(parts).subspan(i + 1));
        if (way && required_.contains(way->name)) below[prefix].insert(way->name);
      }
    }
    const auto size = [](const auto& item) { return item.second.size(); };
    const auto best = std::ranges::max_element(below, {}, size);
    if (best == below.end() || size(*best) <= found || 2 * size(*best) <= required_.size())
      return "";
    const auto other = std::find_if(std::next(best), below.end(),
                                    [&](const auto& item) { return size(item) == size(*best); });
    if (other == below.end()) return best->first;
    throw WeightsError(fmt::format("{} holds the model's tensors under {} and under {}; {}",
                                   source_, in_quotes(best->first), in_quotes(other->first),
                                   kHowToChoose));
  }

  std::vector<std::string> names(const Ways& ways) const {
    std::vector<std::string> names(ways.size());
    std::unordered_map<std::size_t, std::size_t> seen;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (!ways[i]) continue;
      const std::string& name = model_[ways[i]->name];
      const auto [known, is_new] = seen.emplace(ways[i]->name, i);
      if (!is_new) {
        throw WeightsError(fmt::format("{}: {} and {} are both the model's {}; {}", source_,
                                       in_quotes(tensors_[known->second].name),
                                       in_quotes(tensors_[i].name), name, kHowToChoose));
      }
      names[i] = name;
    }
    return names;
  }

  /// The wrapper's part that all tensors of the model begin with; empty where there is none.
  std::string common_wrapper(const Ways& ways) const {
    std::optional<std::string> common;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (!ways[i]) continue;
      const std::string& name = tensors_[i].name;
      const std::string first = ways[i]->leading > 0 ? name.substr(0, name.find('.')) : "";
      if (first.empty() || (common && *common != first)) return "";
      common = first;
    }
    return common.value_or("");
  }

  std::span<const StoredTensor> tensors_;
  std::span<const std::string> model_;
  std::string_view source_;
  NameTree tree_;
  std::unordered_set<std::size_t> required_;  // numbers of names
};

}  // namespace

NameMatch match_names(std::span<const StoredTensor> tensors, std::span<const std::string> model,
                      const std::function<bool(std::string_view)>& is_required,
                      std::string_view source) {
  return Matcher(tensors, model, is_required, source).match();
}

}  // namespace imgcls::weights
