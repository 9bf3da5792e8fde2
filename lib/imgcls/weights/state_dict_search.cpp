#include <imgcls/weights/part.h>
#include <imgcls/weights/state_dict_search.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

/// Keys under which checkpoints keep their weights, the likeliest first.
constexpr std::array<std::string_view, 9> kUsualKeys{
    "state_dict", "model_state_dict", "model",  "model_state", "net",
    "network",    "weights",          "params", "module"};

/// More keys deep, nobody keeps weights.
constexpr std::size_t kDepth = 4;
/// For messages.
constexpr std::size_t kShown = 10;

std::size_t rank(std::string_view key) {
  return static_cast<std::size_t>(std::ranges::find(kUsualKeys, key) - kUsualKeys.begin());
}

std::string would_call(std::string_view name) {
  return fmt::format(
      "would call {}, and nothing in a file is run; a model that was saved whole is to be loaded "
      "in "
      "Python, and its state_dict() saved",
      name);
}

std::string joined(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() ? fmt::format("{}{}", a, b) : fmt::format("{}.{}", a, b);
}

}  // namespace

ChosenDict StateDictSearch::choose(std::string_view key) {
  if (!key.empty()) return choose_by(key);
  const std::vector<Found> all = find_below(pickle_.root);
  if (const Found* one = likeliest(all)) {
    // Beside a model that was saved whole, a dict of any other name holds something else.
    const bool is_named =
        one->path.empty() || rank(pickle_.at(one->path[0]).text) < kUsualKeys.size();
    if (is_named || !has_whole_model()) return chosen(all, *one, "");
    refuse_root({});
  }
  const Value& root = pickle_.at(pickle_.root);
  if (root.kind == Kind::dict && root.items.empty()) return {.dict = pickle_.root};
  refuse_root(all);
}

// Breadth first: of two paths to the same dict, the shorter counts.
std::vector<StateDictSearch::Found> StateDictSearch::find_below(Number root) {
  std::vector<Found> queue, found;
  std::unordered_set<Number> seen;
  if (dicts_.is_dict(root)) queue.push_back({.dict = root});
  seen.insert(root);
  for (std::size_t next = 0; next < queue.size(); ++next) {
    Found one = std::move(queue[next]);
    dicts_.for_each(one.dict, [&](Number key, Number value) {
      const Value& name = pickle_.at(key);
      if (name.kind != Kind::text) return;
      if (tensors_.is_tensor(value)) {
        ++one.tensors;
        one.dotted = one.dotted || name.text.find('.') != std::string::npos;
      } else if (one.path.size() < kDepth && dicts_.is_dict(value) && seen.insert(value).second) {
        std::vector<Number> path = one.path;
        path.push_back(key);
        queue.push_back({.dict = value, .path = std::move(path)});
      }
    });
    if (one.tensors > 0) found.push_back(std::move(one));
  }
  return found;
}

const StateDictSearch::Found* StateDictSearch::likeliest(const std::vector<Found>& all) const {
  const auto ranks = [&](const Found& one) {
    std::vector<std::size_t> ranks;
    for (const Number key : one.path) ranks.push_back(rank(pickle_.at(key).text));
    return ranks;
  };
  const auto is_usual = [](std::size_t rank) { return rank < kUsualKeys.size(); };
  // Below nothing but usual keys; then the pickled dict itself.
  const Found* best = nullptr;
  for (const Found& one : all) {
    if (one.path.empty() || !std::ranges::all_of(ranks(one), is_usual)) continue;
    if (best == nullptr || ranks(one) < ranks(*best)) best = &one;
  }
  if (best != nullptr) return best;
  if (!all.empty() && all.front().path.empty()) return &all.front();
  // The only one under a usual key, the only one that looks like a module's, the only one at all.
  const auto only = [&](const auto& predicate) -> const Found* {
    const auto first = std::ranges::find_if(all, predicate);
    if (first == all.end()) return nullptr;
    return std::find_if(first + 1, all.end(), predicate) == all.end() ? &*first : nullptr;
  };
  if (const Found* one = only([&](const Found& each) { return is_usual(ranks(each).back()); })) {
    return one;
  }
  if (const Found* one = only([](const Found& each) { return each.dotted; })) return one;
  return only([](const Found&) { return true; });
}

ChosenDict StateDictSearch::choose_by(std::string_view key) {
  if (const auto value = resolve(pickle_.root, key, 0)) {
    if (dicts_.is_dict(*value)) {
      const std::vector<Found> below = find_below(*value);
      if (const Found* one = likeliest(below)) return chosen(below, *one, key);
    } else if (const std::string_view made = called(pickle_, *value); !made.empty()) {
      refuse_state_dict(source_, fmt::format("its {} {}", in_quotes(key), would_call(made)));
    }
  }
  // The beginning of the names in one: "model" of "model.conv1.weight".
  const std::vector<Found> all = find_below(pickle_.root);
  const auto part_of = [&](const Found& one, std::string_view prefix) {
    return ChosenDict{.dict = one.dict, .key = std::string(key), .below = std::string(prefix)};
  };
  for (const Found& one : all) {
    std::optional<std::string_view> rest = key;
    for (const Number part : one.path) rest = rest ? behind(*rest, pickle_.at(part).text) : rest;
    if (rest && !rest->empty() && has_below(one.dict, *rest)) return part_of(one, *rest);
  }
  if (const Found* one = likeliest(all); one != nullptr && has_below(one->dict, key)) {
    return part_of(*one, key);
  }
  refuse_key(key, all);
}

std::optional<StateDictSearch::Number> StateDictSearch::resolve(Number dict, std::string_view path,
                                                                int depth) {
  if (depth > static_cast<int>(kDepth) || !dicts_.is_dict(dict)) return {};
  std::optional<Number> found;
  dicts_.for_each(dict, [&](Number key, Number value) {
    const Value& name = pickle_.at(key);
    if (found || name.kind != Kind::text || name.text.empty()) return;
    const auto rest = behind(path, name.text);
    if (rest) found = rest->empty() ? value : resolve(value, *rest, depth + 1);
  });
  return found;
}

bool StateDictSearch::has_below(Number dict, std::string_view prefix) {
  bool has = false;
  dicts_.for_each(dict, [&](Number key, Number value) {
    const std::string& name = pickle_.at(key).text;
    const auto rest = behind(name, prefix);
    has = has || (rest && !rest->empty() && tensors_.is_tensor(value));
  });
  return has;
}

/// `all`: those below the key `under`. The others are those that look like a module's, or share a
/// name with the chosen one.
ChosenDict StateDictSearch::chosen(const std::vector<Found>& all, const Found& one,
                                   std::string_view under) {
  ChosenDict result{.dict = one.dict, .key = joined(under, text_of(one.path))};
  if (all.size() == 1) return result;
  std::unordered_set<std::string_view> names;
  dicts_.for_each(one.dict, [&](Number key, Number) { names.insert(pickle_.at(key).text); });
  std::vector<Found> others;
  for (const Found& other : all) {
    bool alike = other.dotted;
    if (!alike && other.dict != one.dict) {
      dicts_.for_each(other.dict, [&](Number key, Number value) {
        alike = alike || (tensors_.is_tensor(value) && names.contains(pickle_.at(key).text));
      });
    }
    if (alike && other.dict != one.dict && !other.path.empty()) others.push_back(other);
  }
  for (Found& other : others) other.under = under;
  result.others = keys_of(others);
  return result;
}

bool StateDictSearch::has_whole_model() {
  bool has = false;
  dicts_.for_each(pickle_.root, [&](Number key, Number value) {
    const std::string& name = pickle_.at(key).text;
    has = has || ((name == "model" || name == "net" || name == "network" || name == "module") &&
                  !dicts_.is_dict(value) && !called(pickle_, value).empty());
  });
  return has;
}

std::string StateDictSearch::text_of(const std::vector<Number>& path) const {
  std::vector<std::string_view> keys;
  for (const Number key : path) keys.emplace_back(pickle_.at(key).text);
  return fmt::format("{}", fmt::join(keys, "."));
}

std::vector<std::string> StateDictSearch::keys_of(const std::vector<Found>& all) const {
  std::vector<std::string> keys;
  for (const Found& one : all) {
    if (one.path.empty()) continue;
    if (keys.size() == kShown) {
      keys.emplace_back("...");
      break;
    }
    keys.push_back(shortened(joined(one.under, text_of(one.path))));
  }
  return keys;
}

void StateDictSearch::refuse_root(const std::vector<Found>& all) {
  const std::string_view made = called(pickle_, pickle_.root);
  if (!dicts_.is_dict(pickle_.root)) {
    refuse_state_dict(source_, made.empty() ? "it is not a dict" : "it " + would_call(made));
  }
  if (!all.empty()) {
    refuse_state_dict(source_,
                      fmt::format("it has several, {}; {}", in_quotes(keys_of(all)), kHowToChoose));
  }
  std::vector<std::string> keys;
  std::optional<Number> object;  // the model, perhaps
  dicts_.for_each(pickle_.root, [&](Number key, Number value) {
    const Value& name = pickle_.at(key);
    if (keys.size() < kShown) {
      keys.push_back(name.kind == Kind::text ? in_quotes(name.text) : "what is not text");
    }
    if (dicts_.is_dict(value) || called(pickle_, value).empty()) return;
    if (!object || rank(name.text) < kUsualKeys.size()) object = value;
  });
  refuse_state_dict(
      source_,
      fmt::format("it is a dict of {}{}", fmt::join(keys, ", "),
                  object ? ", where something " + would_call(called(pickle_, *object)) : ""));
}

void StateDictSearch::refuse_key(std::string_view key, const std::vector<Found>& all) {
  if (all.empty()) refuse_root(all);
  std::vector<std::string> keys = keys_of(all);
  if (keys.empty()) {  // one flat dict: how its names begin
    dicts_.for_each(all.front().dict,
                    [&](Number name, Number) { add_first_key(pickle_.at(name).text, keys); });
  }
  refuse_state_dict(source_, no_such_key(key, keys));
}

}  // namespace imgcls::weights
