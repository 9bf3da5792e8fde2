#include <imgcls/core/config.h>
#include <imgcls/core/config_arguments.h>
#include <imgcls/core/config_text.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/schema.h>
#include <imgcls/core/utf8.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <vector>

namespace imgcls {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// The deepest object on the way to `path` that the schema knows: what an unknown key stands in.
const json& known_parent(std::string_view path) {
  while (true) {
    const std::size_t dot = path.rfind('.');
    if (dot == path.npos) return config_schema();
    path = path.substr(0, dot);
    if (const json* schema = find_key(path); schema && schema->contains("properties")) {
      return *schema;
    }
  }
}

/// The value of an override: JSON, or else a text. Where a text is due, 2024 is one.
json override_value(const std::string& text, const json& schema) {
  if (!is_utf8(text)) throw ConfigError("the value is not UTF-8");
  json value = text;
  try {
    json parsed = parse_config_text(text, "").values;
    if (schema.at("type") != "string" || parsed.is_string()) value = std::move(parsed);
  } catch (const ConfigError&) {
    // Not JSON: a text.
  }
  return value;
}

/// The document that sets what `argument`, `key.path=value`, sets.
json override_values(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  std::string path = argument.substr(0, equals);
  const json* schema = find_key(path);
  if (!schema) throw ConfigError(unknown_key(path, known_parent(path)));
  json values = override_value(argument.substr(equals + 1), *schema);
  while (!path.empty()) {
    const std::size_t dot = path.rfind('.');
    const std::string key = path.substr(dot == path.npos ? 0 : dot + 1);
    values = json{{key, std::move(values)}};
    path.resize(dot == path.npos ? 0 : dot);
  }
  return values;
}

}  // namespace

struct Config::State {
  /// Where the layer being merged has set the key at a path.
  using Where = std::function<std::string(const std::string& path)>;

  nlohmann::json values = nlohmann::json::object();
  std::map<std::string, std::string, std::less<>> places;

  void add_text(std::string_view text, const std::string& name) {
    const ConfigText layer = parse(text, name);
    if (!layer.values.is_object()) {
      throw ConfigError(
          fmt::format("{}: must be an object {{...}}, not {}", name, shown(layer.values)));
    }
    merge(values, layer.values, "", [&](const std::string& path) {
      return fmt::format("{}:{}", name, layer.lines.at(path));
    });
  }

  static ConfigText parse(std::string_view text, const std::string& name) {
    try {
      return parse_config_text(text, name);
    } catch (const ConfigError&) {
      const std::string yaml = yaml_text(text, name);
      if (yaml.empty()) throw;
      throw ConfigError(yaml);
    }
  }

  void add_override(const std::string& argument) {
    std::string place = "argument " + argument;
    try {
      merge(values, override_values(argument), "", [&](const std::string&) { return place; });
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("{}: {}", place, error.what()));
    }
  }

  void merge(nlohmann::json& into, const nlohmann::json& from, const std::string& path,
             const Where& where) {
    for (const auto& [key, value] : from.items()) {
      const std::string below = key_path(path, key);
      nlohmann::json& target = into[key];
      if (value.is_object()) {
        if (!target.is_object()) target = nlohmann::json::object();
        merge(target, value, below, where);
      } else {
        forget(below);
        target = value;
        note_items(value, below, where);
      }
      places[below] = where(below);
    }
  }

  /// Forgets where the parts of a value were set that is about to be replaced.
  void forget(const std::string& path) {
    std::erase_if(places, [&](const auto& place) {
      return place.first.size() > path.size() && place.first.starts_with(path) &&
             (place.first[path.size()] == '.' || place.first[path.size()] == '[');
    });
  }

  /// Notes where the keys of the objects in a list were set.
  void note_items(const nlohmann::json& value, const std::string& path, const Where& where) {
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        note_items(value[i], fmt::format("{}[{}]", path, i), where);
      }
    } else if (value.is_object()) {
      for (const auto& [key, item] : value.items()) {
        const std::string below = key_path(path, key);
        places[below] = where(below);
        note_items(item, below, where);
      }
    }
  }

  /// Where a key was set, or the list that it is in; empty where it is a default.
  std::string place(std::string_view path) const {
    while (true) {
      if (const auto found = places.find(path); found != places.end()) return found->second;
      const std::size_t bracket = path.rfind('[');
      if (bracket == path.npos) return {};
      path = path.substr(0, bracket);
    }
  }

  void complete() {
    check_and_complete(values, [this](std::string_view path) { return place(path); });
    values.erase("$schema");
  }
};

Config::Config() : state_(std::make_unique<State>()) {}
Config::Config(const Config& other) : state_(std::make_unique<State>(*other.state_)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

Config Config::load(std::span<const std::string> arguments) {
  Config config;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    std::error_code ignored;
    if (fs::is_directory(argument, ignored)) throw ConfigError(folder_argument(argument));
    if (fs::exists(argument, ignored)) {
      config.state_->add_text(read_text(argument), argument);
    } else if (argument.starts_with("-")) {
      throw ConfigError(dashed_key(arguments, i));
    } else if (argument.find('=') != argument.npos) {
      if (const std::string cut = cut_value(arguments, i); !cut.empty()) throw ConfigError(cut);
      config.state_->add_override(argument);
    } else {
      throw ConfigError(no_argument(argument));
    }
  }
  config.state_->complete();
  return config;
}

Config Config::parse(std::string_view text, std::string_view name) {
  Config config;
  config.state_->add_text(text, std::string(name));
  config.state_->complete();
  return config;
}

const json& Config::json() const {
  return state_->values;
}

std::string Config::text() const {
  return state_->values.dump(2);
}

std::string Config::origin(std::string_view path) const {
  const std::string place = state_->place(path);
  return place.empty() ? "default" : place;
}

}  // namespace imgcls
