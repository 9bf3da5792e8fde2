// The configurations of this project, their schema, and the page that documents it.

#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/core/schema.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <paths.h>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path kSource = IMGCLS_SOURCE_DIR;

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path().string());
  return files;
}

struct Leaf {
  std::string path;
  json schema;
  bool required;
};

/// Every key that is not an object of further keys; keys of listed objects as "groups[].pattern",
/// and as "operations[solarize].threshold" where only objects of one name have them.
void collect(const json& schema, const std::string& path, std::vector<Leaf>& leaves) {
  const json required = schema.value("required", json::array());
  for (const auto& [key, below] : schema.at("properties").items()) {
    const std::string name = path.empty() ? key : path + "." + key;
    const bool needed = std::find(required.begin(), required.end(), key) != required.end();
    if (below.at("type") != "object") leaves.push_back({name, below, needed});
    if (below.contains("properties")) collect(below, name, leaves);
    if (below.contains("items") && below.at("items").contains("properties")) {
      const json& items = below.at("items");
      collect(items, name + "[]", leaves);
      for (json variant : items.value("oneOf", json::array())) {
        json& own = variant.at("properties");
        const std::string called = own.at("name").at("enum").at(0);
        for (const auto& [common, _] : items.at("properties").items()) own.erase(common);
        collect(variant, name + "[" + called + "]", leaves);
      }
    }
  }
}

std::vector<Leaf> all_leaves() {
  std::vector<Leaf> leaves;
  collect(imgcls::config_schema(), "", leaves);
  return leaves;
}

/// Visits every schema within a schema.
template <class Visit>
void visit(const json& schema, const std::string& path, Visit&& see) {
  see(path, schema);
  if (schema.contains("items")) visit(schema.at("items"), path + "[]", see);
  for (const json& variant : schema.value("oneOf", json::array())) visit(variant, path, see);
  if (!schema.contains("properties")) return;
  for (const auto& [key, below] : schema.at("properties").items()) {
    visit(below, path + "." + key, see);
  }
}

}  // namespace

TEST_CASE("every pair of data and training configuration is valid") {
  const auto data = files_in(kSource / "configs/data");
  const auto train = files_in(kSource / "configs/train");
  REQUIRE(data.size() >= 3);
  REQUIRE(train.size() >= 3);
  for (const std::string& first : data) {
    for (const std::string& second : train) {
      INFO(first << " " << second);
      CHECK_NOTHROW(imgcls::Config::load(std::vector{first, second}));
    }
  }
}

TEST_CASE("every configuration begins with a comment and names the schema") {
  for (const char* folder : {"configs/data", "configs/train"}) {
    for (const std::string& file : files_in(kSource / folder)) {
      INFO(file);
      const std::string text = imgcls::read_text(file);
      CHECK(text.starts_with("// "));
      CHECK(json::parse(text, nullptr, true, true).at("$schema") == "../schema.json");
    }
  }
}

TEST_CASE("the ResNet-50 recipe is the published one") {
  const auto config =
      imgcls::Config::load(std::vector{(kSource / "configs/data/imagenet.json").string(),
                                       (kSource / "configs/train/resnet50.json").string()});
  const json& c = config.json();
  CHECK(c.at("train").at("batch") == 1024);
  CHECK(c.at("train").at("epochs") == 90);
  CHECK(c.at("train").at("seed") == 810975);
  CHECK(c.at("train").at("precision") == "fp16");
  CHECK(c.at("optimizer").at("weight_decay") == 0x1p-15);
  CHECK(c.at("optimizer").at("groups").at(0).at("weight_decay") == 0);
  CHECK(c.at("augment").at("aspect") == json({3.0 / 4.0, 4.0 / 3.0}));
  CHECK(c.at("schedule").at("final_lr") == 1e-5);
}

TEST_CASE("the built-in schema is the file") {
  CHECK(imgcls::kSchemaText == imgcls::read_text(kSource / "configs/schema.json"));
}

TEST_CASE("every key is described and has a default, or is required") {
  // "$schema" is for editors; a group without weight_decay has the optimizer's.
  const std::set<std::string> optional = {"$schema", "optimizer.groups[].weight_decay"};
  const auto leaves = all_leaves();
  REQUIRE(leaves.size() > 50);
  for (const auto& [path, schema, required] : leaves) {
    INFO(path);
    CHECK_FALSE(schema.value("description", "").empty());
    if (optional.contains(path)) continue;
    CHECK(schema.contains("default") != required);
  }
}

TEST_CASE("the schema uses only words that the loader knows") {
  const std::set<std::string> words = {
      "type",    "properties", "required",         "additionalProperties",
      "items",   "minItems",   "maxItems",         "minLength",
      "minimum", "maximum",    "exclusiveMinimum", "exclusiveMaximum",
      "enum",    "default",    "description",      "oneOf"};
  visit(imgcls::config_schema(), "", [&](const std::string& path, const json& schema) {
    INFO("key " << path);
    if (schema.contains("$ref")) {  // alone, and to a place that is there
      CHECK(schema.size() == 1);
      const std::string place = schema.at("$ref").get<std::string>().substr(1);
      CHECK(imgcls::config_schema().contains(json::json_pointer(place)));
      return;
    }
    for (const auto& [word, _] : schema.items()) {
      if (path.empty() && (word == "$schema" || word == "title")) continue;
      INFO("word " << word);
      CHECK(words.contains(word));
    }
    REQUIRE(schema.contains("type"));
    if (schema.at("type") == "object" && !schema.contains("oneOf")) {
      CHECK(schema.at("additionalProperties") == false);
    }
    if (schema.at("type") == "array") CHECK(schema.contains("items"));
    // What downstream code reads as int must fit; the seed is an int64.
    if (schema.at("type") == "integer" && schema.contains("enum")) {
      for (const json& value : schema.at("enum")) CHECK(value <= 2147483647);
    } else if (schema.at("type") == "integer" && path != ".train.seed") {
      REQUIRE(schema.contains("maximum"));
      CHECK(schema.at("maximum") <= 2147483647);
    }
  });
}

TEST_CASE("docs/configuration.md lists every key with its default and meaning") {
  std::istringstream page(imgcls::read_text(kSource / "docs/configuration.md"));
  std::set<std::string> documented;
  std::vector<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    rows.push_back(line);
    documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  std::set<std::string> known;
  for (const auto& [path, schema, required] : all_leaves()) {
    if (path == "$schema") continue;
    known.insert(path);
    const std::string start = "| `" + path + "` | ";
    const std::string fallback = schema.contains("default")
                                     ? "`" + schema.at("default").dump() + "`"
                                     : (required ? "required" : "none");
    const std::string end =
        " | " + fallback + " | " + schema.at("description").get<std::string>() + " |";
    INFO("expected: " << start << "(type)" << end);
    CHECK(std::any_of(rows.begin(), rows.end(), [&](const std::string& row) {
      return row.starts_with(start) && row.ends_with(end);
    }));
  }
  CHECK(documented == known);
}
