#include <imgcls/core/config_arguments.h>
#include <imgcls/core/config_text.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <vector>

namespace imgcls {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// A section stands for what chooses in it.
std::string value_key(const std::string& key) {
  const json* schema = find_key(key);
  if (!schema->contains("properties")) return key;
  for (const char* choice : {"root", "name", "dir"}) {
    if (schema->at("properties").contains(choice)) return key_path(key, choice);
  }
  return {};
}

/// The key that a word like "batch", "batch-size" or "train.epoch" is meant for; empty: none.
std::string meant_key(std::string word) {
  std::ranges::replace(word, '-', '_');
  // What several sections have ("batch") is most often meant for the first of these.
  constexpr auto kSections =
      std::to_array<const char*>({"train", "optimizer", "model", "data", "augment", "run"});
  for (const std::string& each : {word, word.substr(0, word.find('_'))}) {
    if (find_key(each) != nullptr) return value_key(each);
    for (const char* section : kSections) {
      const std::string key = key_path(section, each);
      if (find_key(key) != nullptr) return value_key(key);
    }
  }
  const std::string near = nearest_key(word, config_keys());
  return near.empty() ? near : value_key(near);
}

bool is_value(const std::string& argument) {
  std::error_code ignored;
  return !argument.starts_with("-") && argument.find('=') == argument.npos &&
         !fs::exists(argument, ignored);
}

}  // namespace

std::string dashed_key(std::span<const std::string> arguments, std::size_t at) {
  const std::string& argument = arguments[at];
  const std::size_t equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  const std::size_t begin = std::min(name.find_first_not_of('-'), name.size());
  const std::string key = meant_key(name.substr(begin));
  std::string value = "...";
  if (equals != argument.npos) {
    value = argument.substr(equals + 1);
  } else if (at + 1 < arguments.size() && is_value(arguments[at + 1])) {
    value = arguments[at + 1];
  }
  return fmt::format("argument {}: keys are written without dashes{}", name,
                     key.empty() ? ", such as train.epochs=3; docs/configuration.md lists them"
                                 : fmt::format(": {}={}", key, value));
}

std::string cut_value(std::span<const std::string> arguments, std::size_t at) {
  const std::string& first = arguments[at];
  const std::size_t value = first.find('=') + 1;
  if (value == 0 || value == first.size() || (first[value] != '[' && first[value] != '{'))
    return {};
  std::string whole = first;
  for (std::size_t next = at + 1; !json::accept(whole.substr(value)); ++next) {
    if (next == arguments.size()) return {};
    whole += " " + arguments[next];
  }
  if (whole == first) return {};
  return fmt::format("argument {}: the shell cuts at spaces; in quotes the value stays whole: '{}'",
                     first, whole);
}

std::string no_argument(const std::string& argument) {
  const fs::path path(argument);
  std::vector<std::string> names;
  std::error_code ignored;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::string near = nearest_name(path.filename().string(), names);
  const std::string hint =
      near.empty() ? ""
                   : fmt::format("; did you mean {}?", shown((path.parent_path() / near).string()));
  return fmt::format("argument {} is neither a file nor key.path=value{}", shown(argument), hint);
}

std::string folder_argument(const std::string& argument) {
  const fs::path config = fs::path(argument) / "config.json";
  std::error_code ignored;
  return fmt::format("argument {} is a folder, and a configuration is a file{}", shown(argument),
                     fs::exists(config, ignored)
                         ? fmt::format("; this run goes on by {}", shown(config.string()))
                         : fmt::format("; images are named by data.root={}", argument));
}

std::string yaml_text(std::string_view text, const std::string& name) {
  std::string_view line;  // the first that says something
  while (!text.empty() && (line.empty() || line.starts_with('#'))) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    line = text.substr(0, text.find_first_of("\r\n"));
    text.remove_prefix(line.size());
  }
  // A word and a colon, such as no JSON begins with.
  const std::string_view word = line.substr(0, line.find(':'));
  const bool is_pair =
      word.size() < line.size() && !word.empty() &&
      std::ranges::all_of(word, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  const bool is_named_so = name.ends_with(".yaml") || name.ends_with(".yml");
  if (!is_named_so && !is_pair && line != "---") return {};
  return fmt::format(
      "{} is a YAML file, and configurations are JSON: {{\"train\": {{\"epochs\": 3}}}}", name);
}

}  // namespace imgcls
