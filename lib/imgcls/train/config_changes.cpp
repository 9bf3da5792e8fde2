#include <imgcls/core/error.h>
#include <imgcls/core/free_keys.h>
#include <imgcls/core/json_text.h>
#include <imgcls/core/schema.h>
#include <imgcls/train/config_changes.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace imgcls::train {
namespace {

using nlohmann::json;

/// With the schema's defaults where keys are missing.
json completed(std::string_view saved) {
  json config = parse_json(saved);
  try {
    json whole = config;
    check_and_complete(whole, [](std::string_view) { return std::string(); });
    return whole;
  } catch (const ConfigError&) {  // of a program's own keys
    return config;
  }
}

/// The values by their JSON pointers; a list is one value, since its parts mean nothing alone.
void flatten(const json& value, const std::string& pointer, std::map<std::string, json>& flat) {
  if (!value.is_object()) {
    flat[pointer] = value;
    return;
  }
  for (const auto& [key, below] : value.items()) flatten(below, pointer + "/" + key, flat);
}

std::string dotted(const std::string& pointer) {
  std::string key = pointer.substr(1);
  std::replace(key.begin(), key.end(), '/', '.');
  return key;
}

/// As text; of equal numbers the same, 0 and 0.0 among them.
std::string text_at(const std::map<std::string, json>& flat, const std::string& pointer) {
  return flat.contains(pointer) ? without_fraction(flat.at(pointer)).dump() : "nothing";
}

/// How often there are evaluations, where the learning rate goes by them.
bool changes_rate(const std::string& pointer, const std::map<std::string, json>& values) {
  return pointer == "/eval/every_epochs" &&
         text_at(values, "/schedule/name") == json("plateau").dump();
}

bool may_be_auto(const std::string& pointer) {
  return pointer == "/train/precision" || pointer == "/train/deterministic";
}

}  // namespace

std::vector<ConfigChange> config_changes(std::string_view before, std::string_view now) {
  if (before.empty() || now.empty()) return {};
  std::map<std::string, json> old_values, values;
  flatten(completed(before), "", old_values);
  flatten(completed(now), "", values);
  std::set<std::string> pointers;
  for (const auto* flat : {&old_values, &values}) {
    for (const auto& [pointer, value] : *flat) pointers.insert(pointer);
  }
  std::vector<ConfigChange> changes;
  for (const std::string& pointer : pointers) {
    ConfigChange change{dotted(pointer), text_at(old_values, pointer), text_at(values, pointer)};
    if (change.before == change.now) continue;
    if (changes_no_result(pointer) && !changes_rate(pointer, values)) continue;
    if (may_be_auto(pointer) && change.before == "\"auto\"") continue;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace imgcls::train
