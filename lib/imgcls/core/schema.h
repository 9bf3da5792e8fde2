#pragma once
// The schema of configurations (configs/schema.json, a part of JSON Schema draft 2020-12) and the
// check against it. Known words: type (object, array, string, integer, number, boolean, or with
// enum a list of these), properties, required, additionalProperties (always false), items,
// minItems, maxItems, minLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum, enum,
// default, description; $ref to a place of this file; oneOf for objects that their key "name" tells
// apart (variants_schema).

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// The text of configs/schema.json.
extern const std::string_view kSchemaText;

/// The parsed schema.
const nlohmann::json& config_schema();

/// The schema of the key at a dotted path ("train.epochs"); null where there is no such key.
const nlohmann::json* find_key(std::string_view path);

/// The dotted paths of all keys, objects among them.
std::vector<std::string> config_keys();

/// Adds an ingredient that a program brings: `name` to the values of `section.choice`, and `own`,
/// the schema of an object, as `section.name` where it is not null. Where `section.choice` is a
/// list of objects told apart by their names, it becomes one of these. Before configurations are
/// read.
void extend_schema(const std::string& section, const std::string& choice, const std::string& name,
                   const nlohmann::json& own);

/// The schema of objects that their key "name" tells apart, before there are any: `about_name`
/// describes that key, and `common` are the properties that all of them have beside it.
nlohmann::json variants_schema(const std::string& about_name, const nlohmann::json& common);
/// Adds one: `own` has its properties, and perhaps a description.
void add_variant(nlohmann::json& schema, const std::string& name, const nlohmann::json& own);

/// Where the key at a path was set, as messages begin: "x.json:12"; empty where nobody set it.
using Places = std::function<std::string(std::string_view path)>;

/// Checks `values` against the schema, puts defaults in place of missing keys, and makes integers
/// of whole numbers (1024.0) where integers are due. An object that belongs to one value of a key
/// beside it ("optimizer.lion" to "optimizer.name") is completed where that value is chosen, and
/// else only checked. Throws ConfigError for the first fault, naming place, key and value and what
/// would be right.
void check_and_complete(nlohmann::json& values, const Places& places);

/// What a message says of a key that the schema does not have: the nearest one that it has, or all
/// keys that may stand beside it. `beside` is the schema of the object it stands in.
std::string unknown_key(std::string_view path, const nlohmann::json& beside);

}  // namespace imgcls
