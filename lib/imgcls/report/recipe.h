#pragma once
// Which runs follow one recipe: those whose configurations are equal but for the seed and for what
// changes no result (core/free_keys.h).

#include <imgcls/report/run_files.h>

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// A configuration's values by their keys, "optimizer.lr"; lists are values.
std::map<std::string, nlohmann::json> flat_config(const nlohmann::json& config);

/// Whether runs with other values of `key` still follow one recipe.
bool is_free_key(const std::string& key);

/// Runs of one recipe.
struct Group {
  std::string label;              ///< what tells it from the other groups
  std::vector<std::size_t> runs;  ///< their places
};

/// Groups in the order of their first runs. A run without a config.json is a group of its own.
std::vector<Group> group_runs(std::span<const Run> runs);

}  // namespace imgcls::report
