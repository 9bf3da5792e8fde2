#include <imgcls/core/free_keys.h>
#include <imgcls/report/recipe.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace imgcls::report {
namespace {

using nlohmann::json;
using Recipe = std::map<std::string, json>;

void flatten(const json& value, const std::string& key, Recipe& flat) {
  if (!value.is_object()) {
    flat[key] = value;
    return;
  }
  for (const auto& [name, item] : value.items()) {
    flatten(item, key.empty() ? name : fmt::format("{}.{}", key, name), flat);
  }
}

Recipe recipe_of(const json& config) {
  Recipe recipe = flat_config(config);
  std::erase_if(recipe, [](const auto& item) { return is_free_key(item.first); });
  return recipe;
}

std::string value_text(const Recipe& recipe, const std::string& key) {
  const auto found = recipe.find(key);
  if (found == recipe.end()) return "none";
  return found->second.is_string() ? found->second.get<std::string>() : found->second.dump();
}

/// "resnet50, imagenet"; empty where the recipe tells neither.
std::string subject(const Recipe& recipe) {
  std::vector<std::string> parts;
  for (const char* key : {"model.name", "data.name"}) {
    if (const auto found = recipe.find(key); found != recipe.end() && found->second.is_string() &&
                                             !found->second.get_ref<const std::string&>().empty()) {
      parts.push_back(found->second.get<std::string>());
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Keys whose values are not the same in all recipes.
std::vector<std::string> differing_keys(std::span<const Recipe> recipes) {
  std::set<std::string> all, differing;
  for (const Recipe& recipe : recipes) {
    for (const auto& [key, value] : recipe) all.insert(key);
  }
  for (const std::string& key : all) {
    const std::string first = value_text(recipes.front(), key);
    const bool same = std::all_of(recipes.begin(), recipes.end(), [&](const Recipe& recipe) {
      return value_text(recipe, key) == first;
    });
    if (!same) differing.insert(key);
  }
  return {differing.begin(), differing.end()};
}

/// What tells a recipe from others, in at most three values; the model comes first.
std::string recipe_label(const Recipe& recipe, std::span<const std::string> differing) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> parts;
  const auto differs = [&](std::string_view key) {
    return std::find(differing.begin(), differing.end(), key) != differing.end();
  };
  for (const char* key : {"model.name", "data.name"}) {
    if (differs(key)) parts.push_back(value_text(recipe, key));
  }
  for (const std::string& key : differing) {
    if (key == "model.name" || key == "data.name" || parts.size() == kMost) continue;
    const std::size_t dot = key.rfind('.');
    parts.push_back(key.substr(dot == std::string::npos ? 0 : dot + 1) + " " +
                    value_text(recipe, key));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void name_groups(std::span<Group> groups, std::span<const Recipe> recipes,
                 std::span<const Run> runs) {
  std::vector<Recipe> known;
  for (const Recipe& recipe : recipes) {
    if (!recipe.empty()) known.push_back(recipe);
  }
  const std::vector<std::string> differing =
      known.size() > 1 ? differing_keys(known) : std::vector<std::string>{};
  std::map<std::string, int> uses;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Recipe& recipe = recipes[i];
    groups[i].label = known.size() > 1 ? recipe_label(recipe, differing) : subject(recipe);
    if (recipe.empty() || groups[i].label.empty()) groups[i].label = runs[groups[i].runs[0]].name;
    ++uses[groups[i].label];
  }
  for (Group& group : groups) {  // recipes that differ in more than a label shows
    if (uses[group.label] > 1) group.label += " (" + runs[group.runs.front()].name + ")";
  }
}

}  // namespace

Recipe flat_config(const json& config) {
  Recipe flat;
  if (config.is_object()) flatten(config, "", flat);
  return flat;
}

bool is_free_key(const std::string& key) {
  std::string pointer = "/" + key;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  return key == "train.seed" || changes_no_result(pointer);
}

std::vector<Group> group_runs(std::span<const Run> runs) {
  std::vector<Group> groups;
  std::vector<Recipe> recipes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Recipe recipe = recipe_of(runs[i].config);
    const auto same =
        recipe.empty() ? recipes.end() : std::find(recipes.begin(), recipes.end(), recipe);
    if (same != recipes.end()) {
      groups[static_cast<std::size_t>(same - recipes.begin())].runs.push_back(i);
    } else {
      groups.push_back({.label = "", .runs = {i}});
      recipes.push_back(std::move(recipe));
    }
  }
  name_groups(groups, recipes, runs);
  return groups;
}

}  // namespace imgcls::report
