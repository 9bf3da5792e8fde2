#include <imgcls/report/config_json.h>
#include <imgcls/report/recipe.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::report {
namespace {

using nlohmann::json;

// In the order in which people want to read them.
constexpr std::array<std::string_view, 15> kEnvironment{
    "started",    "from_step", "device", "gpu",      "cpu",      "cores",      "memory_gib", "host",
    "world_size", "threads",   "imgcls", "libtorch", "compiler", "git_commit", "command"};

std::vector<std::string> environment_keys(std::span<const Run> runs) {
  std::set<std::string> others;
  for (const Run& run : runs) {
    for (const json& session : run.sessions) {
      for (const auto& [key, value] : session.items()) others.insert(key);
    }
  }
  std::vector<std::string> keys;
  for (const std::string_view key : kEnvironment) {
    if (others.erase(std::string(key)) > 0) keys.emplace_back(key);
  }
  keys.insert(keys.end(), others.begin(), others.end());
  return keys;
}

}  // namespace

json config_json(std::span<const Run> runs) {
  std::vector<std::map<std::string, json>> configs;
  std::set<std::string> keys;
  for (const Run& run : runs) {
    configs.push_back(flat_config(run.config));
    for (const auto& [key, value] : configs.back()) keys.insert(key);
  }
  json rows = json::array();
  for (const std::string& key : keys) {
    json values = json::array();
    for (const auto& config : configs) {
      const auto found = config.find(key);
      values.push_back(found == config.end() ? json() : found->second);
    }
    const bool differs = std::any_of(values.begin(), values.end(),
                                     [&](const json& value) { return value != values.front(); });
    rows.push_back({{"key", key},
                    {"values", std::move(values)},
                    {"differs", differs},
                    {"free", is_free_key(key)}});
  }
  return rows;
}

json environment_json(std::span<const Run> runs) {
  json rows = json::array();
  for (const std::string& key : environment_keys(runs)) {
    json sessions = json::array();
    for (std::size_t run = 0; run < runs.size(); ++run) {
      for (const json& session : runs[run].sessions) {
        sessions.push_back({{"run", run}, {"value", session.value(key, json())}});
      }
    }
    rows.push_back({{"key", key}, {"sessions", std::move(sessions)}});
  }
  return rows;
}

}  // namespace imgcls::report
