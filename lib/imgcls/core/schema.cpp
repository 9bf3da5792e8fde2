#include <imgcls/core/config_text.h>
#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace imgcls {
namespace {

using nlohmann::json;

void add_keys(const json& schema, const std::string& path, std::vector<std::string>& keys) {
  if (!schema.contains("properties")) return;
  for (const auto& [key, below] : schema.at("properties").items()) {
    const std::string name = key_path(path, key);
    keys.push_back(name);
    add_keys(below, name, keys);
  }
}

bool has_type(const json& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  return value.is_number() && std::trunc(value.get<double>()) == value.get<double>();
}

/// One type, or any of a list of them.
bool has_a_type(const json& value, const json& types) {
  if (types.is_string()) return has_type(value, types.get<std::string_view>());
  return std::any_of(types.begin(), types.end(), [&](const json& type) {
    return has_type(value, type.get<std::string_view>());
  });
}

bool in_range(double number, const json& schema) {
  const auto bound = [&](const char* word, double none) { return schema.value(word, none); };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return number >= bound("minimum", -kInfinity) && number <= bound("maximum", kInfinity) &&
         number > bound("exclusiveMinimum", -kInfinity) &&
         number < bound("exclusiveMaximum", kInfinity);
}

bool has_size(std::size_t size, const json& schema, const char* least, const char* most) {
  return size >= schema.value(least, std::size_t{0}) &&
         size <= schema.value(most, std::numeric_limits<std::size_t>::max());
}

bool fits(const json& value, const json& schema) {
  if (!has_a_type(value, schema.at("type"))) return false;
  if (schema.contains("enum")) {
    const json& allowed = schema.at("enum");
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
  }
  if (value.is_number()) return in_range(value.get<double>(), schema);
  if (value.is_array()) return has_size(value.size(), schema, "minItems", "maxItems");
  if (value.is_string()) {
    return has_size(value.get_ref<const std::string&>().size(), schema, "minLength", "maxLength");
  }
  return true;
}

/// " of at least 1 and below 10", as far as the schema has bounds. The greatest int is not worth a
/// word, unless the value exceeds it.
std::string range_text(const json& schema, const json& value) {
  std::string text;
  const auto add = [&](const char* word, std::string_view phrase) {
    if (!schema.contains(word)) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : " and", phrase, schema.at(word).dump());
  };
  add("minimum", " of at least");
  add("exclusiveMinimum", " above");
  const double most = schema.value("maximum", 0.0);
  if (most < std::numeric_limits<int>::max() || (value.is_number() && value.get<double>() > most)) {
    add("maximum", text.empty() ? " of at most" : " at most");
  }
  add("exclusiveMaximum", " below");
  return text;
}

/// The values to choose from: `"sgd" or "sgdw" or "adam"`; of many, the nearest.
std::string wanted_choice(const json& allowed, const json& value) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> texts;
  for (const json& each : allowed) texts.push_back(each.dump());
  if (texts.size() > kShown) {
    return "one of " + listed_names(value.is_string()
                                        ? value.dump(-1, ' ', false, json::error_handler_t::replace)
                                        : "",
                                    texts);
  }
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " or ") + text;
  return all;
}

/// What would be right, for messages: "an integer of at least 1".
std::string wanted(const json& schema, const json& value) {
  if (schema.contains("enum")) return wanted_choice(schema.at("enum"), value);
  const auto type = schema.at("type").get<std::string_view>();
  if (type == "integer") return "an integer" + range_text(schema, value);
  if (type == "number") return "a number" + range_text(schema, value);
  if (type == "boolean") return "true or false";
  if (type == "string") return schema.contains("minLength") ? "a text, not empty" : "a text";
  if (type == "object") return "an object {...}";
  if (!schema.contains("minItems")) return "a list [...]";
  return fmt::format("a list of {} values", schema.at("minItems").dump());
}

/// A program may extend it.
json& known_schema() {
  static json schema = json::parse(kSchemaText);
  return schema;
}

/// What a "$ref" leads to.
const json& followed(const json& schema) {
  const auto reference = schema.find("$ref");
  if (reference == schema.end()) return schema;
  return known_schema().at(json::json_pointer(reference->get<std::string>().substr(1)));
}

class Checker {
 public:
  explicit Checker(const Places& places) : places_(places) {}

  void check(json& value, const json& given, const std::string& path) const {
    const json& schema = followed(given);
    if (!fits(value, schema)) {
      const std::string what = path.empty() ? "the configuration" : path;
      fail(path, fmt::format("{} must be {}, not {}", what, wanted(schema, value), shown(value)));
    }
    if (schema.at("type") == "integer") value = value.get<std::int64_t>();
    if (value.is_object()) check_object(value, variant_of(schema, value, path), path);
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        check(value[i], schema.at("items"), fmt::format("{}[{}]", path, i));
      }
    }
  }

 private:
  void check_object(json& value, const json& schema, const std::string& path) const {
    const json& known = schema.at("properties");
    for (const auto& [key, _] : value.items()) {
      const std::string below = key_path(path, key);
      if (!known.contains(key)) fail(below, unknown_key(below, schema));
    }
    for (const auto& [key, below] : known.items()) {
      if (!value.contains(key) && !is_chosen(value, known, key)) continue;
      if (!value.contains(key) && !fill(value, key, below)) {
        require(schema, key, path);
        continue;
      }
      check(value[key], below, key_path(path, key));
    }
  }

  /// Of objects that their names tell apart the schema of this one.
  const json& variant_of(const json& schema, const json& value, const std::string& path) const {
    if (!schema.contains("oneOf")) return schema;
    if (!value.contains("name")) require(schema, "name", path);
    const std::string at = key_path(path, "name");
    const json& wanted_name = value.at("name");
    std::vector<std::string> names;
    for (const json& variant : schema.at("oneOf")) {
      names.push_back(variant.at("properties").at("name").at("enum").at(0));
      if (wanted_name == names.back()) return variant;
    }
    if (!wanted_name.is_string()) {
      fail(at, fmt::format("{} must be a text, not {}", at, shown(wanted_name)));
    }
    fail(at, fmt::format("{}: no {}; {}", at, shown(wanted_name),
                         known_names(wanted_name.get_ref<const std::string&>(), names)));
  }

  /// Not for what belongs to a choice that was not made.
  static bool is_chosen(const json& value, const json& known, const std::string& key) {
    if (known.at(key).at("type") != "object") return true;
    for (const auto& [choice, schema] : known.items()) {
      const json& one = schema.contains("items") ? schema.at("items") : schema;
      const json values = one.value("enum", json::array());
      if (std::find(values.begin(), values.end(), json(key)) == values.end()) continue;
      const json chosen = value.contains(choice) ? value.at(choice) : schema.at("default");
      return chosen == key || (chosen.is_array() &&
                               std::find(chosen.begin(), chosen.end(), json(key)) != chosen.end());
    }
    return true;
  }

  static bool fill(json& value, const std::string& key, const json& schema) {
    if (schema.contains("default")) {
      value[key] = schema.at("default");
    } else if (schema.at("type") == "object") {
      value[key] = json::object();
    }
    return value.contains(key);
  }

  void require(const json& schema, const std::string& key, const std::string& path) const {
    const json required = schema.value("required", json::array());
    if (std::find(required.begin(), required.end(), key) == required.end()) return;
    const std::string missing = key_path(path, key);
    fail(missing,
         fmt::format("missing key {}: {}", shown(missing),
                     schema.at("properties").at(key).at("description").get<std::string_view>()));
  }

  [[noreturn]] void fail(std::string_view path, const std::string& what) const {
    const std::string place = places_(path);
    throw ConfigError(place.empty() ? what : fmt::format("{}: {}", place, what));
  }

  const Places& places_;
};

}  // namespace

const json& config_schema() {
  return known_schema();
}

void extend_schema(const std::string& section, const std::string& choice, const std::string& name,
                   const json& own) {
  json& properties = known_schema().at("properties").at(section).at("properties");
  json& chosen = properties.at(choice);
  if (chosen.contains("items") && chosen.at("items").contains("oneOf")) {
    add_variant(chosen.at("items"), name, own);
    return;
  }
  (chosen.contains("items") ? chosen.at("items") : chosen).at("enum").push_back(name);
  if (!own.is_null()) properties[name] = own;
}

json variants_schema(const std::string& about_name, const json& common) {
  json properties = common;
  properties["name"] = {{"type", "string"}, {"description", about_name}};
  return {{"type", "object"},
          {"required", {"name"}},
          {"properties", properties},
          {"oneOf", json::array()}};
}

void add_variant(json& schema, const std::string& name, const json& own) {
  schema["properties"]["name"]["enum"].push_back(name);
  json properties = schema.at("properties");
  properties["name"] = {{"enum", {name}}, {"type", "string"}};
  if (own.contains("properties")) properties.update(own.at("properties"));
  json variant = {{"type", "object"},
                  {"additionalProperties", false},
                  {"required", {"name"}},
                  {"properties", properties}};
  if (own.contains("description")) variant["description"] = own.at("description");
  schema.at("oneOf").push_back(variant);
}

const json* find_key(std::string_view path) {
  const json* schema = &config_schema();
  while (true) {
    const std::size_t dot = path.find('.');
    const auto properties = schema->find("properties");
    if (properties == schema->end()) return nullptr;
    const auto below = properties->find(std::string(path.substr(0, dot)));
    if (below == properties->end()) return nullptr;
    schema = &*below;
    if (dot == path.npos) return schema;
    path.remove_prefix(dot + 1);
  }
}

std::vector<std::string> config_keys() {
  std::vector<std::string> all;
  add_keys(config_schema(), "", all);
  return all;
}

void check_and_complete(json& values, const Places& places) {
  Checker(places).check(values, config_schema(), "");
}

std::string unknown_key(std::string_view path, const json& beside) {
  std::vector<std::string> candidates = config_keys();
  const std::size_t dot = path.rfind('.');
  const std::string_view parent = dot == path.npos ? "" : path.substr(0, dot);
  std::vector<std::string> siblings;
  for (const auto& [key, _] : beside.at("properties").items()) {
    if (key == "$schema") continue;
    candidates.push_back(key_path(parent, key));
    siblings.push_back(key);
  }
  const std::string near = nearest_key(path, candidates);
  return fmt::format("unknown key {}; {}", shown(path),
                     near.empty() ? "known here: " + listed_names(path, siblings)
                                  : fmt::format("did you mean {}?", shown(near)));
}

}  // namespace imgcls
