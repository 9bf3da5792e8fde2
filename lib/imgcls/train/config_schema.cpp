#include <imgcls/augment/policies.h>
#include <imgcls/augment/transform_fields.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/config_schema.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace imgcls::train {
namespace {

using Ordered = nlohmann::ordered_json;
using Schemas = std::vector<std::pair<std::string, nlohmann::json>>;

/// What the tables say of a section.
struct Section {
  std::string name;
  std::string description;  ///< of one that is not in the file yet
  Schemas options;
};

template <class Options>
Schemas schemas(const OptionFields<Options>& fields) {
  const nlohmann::json all = fields.properties();
  Schemas found;
  for (const auto& field : fields.fields()) found.emplace_back(field.name, all.at(field.name));
  return found;
}

Schemas operator+(Schemas one, const Schemas& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

std::vector<Section> sections() {
  return {
      {"data", "", schemas(data_fields())},
      {"model", "", schemas(model_fields())},
      {"augment", "", schemas(data::augment_fields()) + data::policies().schemas()},
      {"progressive", "Training images that grow.", schemas(progressive_fields())},
      {"erase", "Random erasing of training images.", schemas(erase_fields())},
      {"mix", "Training images mixed with each other.", schemas(mix_fields()) + mixes().schemas()},
      {"eval", "", schemas(eval_fields())},
      {"train", "", schemas(train_fields())},
      {"loss", "What is minimized.", schemas(loss_fields()) + losses().schemas()},
      {"distillation", "Learning from another model.", schemas(distillation_fields())},
      {"optimizer", "", schemas(optim::optimizer_fields()) + optim::optimizers().schemas()},
      {"schedule", "", schemas(schedule_fields()) + optim::schedules().schemas()},
      {"sam", "Sharpness-aware minimization.", schemas(sam_fields())},
      {"clip", "Limits of the gradients.", schemas(clip_fields()) + clips().schemas()},
      {"average", "Averages of the weights.", schemas(average_fields()) + averages().schemas()},
      {"checkpoint", "", schemas(checkpoint_fields())},
      {"log", "", schemas(log_fields())},
      {"profile", "", schemas(profile_fields())},
      {"run", "", schemas(run_folder_fields())},
      {"dist", "", schemas(launch_fields()) + schemas(dist_fields())},
  };
}

/// Words in the order in which people read them.
Ordered in_order(const nlohmann::json& schema) {
  Ordered made = Ordered::object();
  for (const char* word :
       {"$ref", "enum", "type", "items", "minItems", "maxItems", "minLength", "maxLength",
        "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "default", "description",
        "additionalProperties", "required", "properties", "oneOf"}) {
    const auto found = schema.find(word);
    if (found == schema.end()) continue;
    if (std::string_view(word) == "items") {
      made[word] = in_order(*found);
    } else if (std::string_view(word) == "oneOf") {
      for (const nlohmann::json& variant : *found) made[word].push_back(in_order(variant));
    } else if (std::string_view(word) == "properties") {
      for (const auto& [name, below] : found->items()) made[word][name] = in_order(below);
    } else {
      made[word] = Ordered(*found);
    }
  }
  return made;
}

/// Indented by two, but lists of numbers and texts in one line.
void print(const Ordered& value, int depth, std::string& text) {
  const bool objects = value.is_array() && !value.empty() && value.front().is_object();
  if ((!value.is_object() && !objects) || value.empty()) {
    std::string line = value.dump();
    for (std::size_t comma = 0; value.is_array() && (comma = line.find(",", comma)) != line.npos;) {
      line.replace(comma, 1, ", ");
      comma += 2;
    }
    text += line;
    return;
  }
  text += objects ? "[" : "{";
  const char* before = "\n";
  for (const auto& [name, below] : value.items()) {
    text += fmt::format("{}{:{}}", before, "", 2 * (depth + 1));
    if (!objects) text += Ordered(name).dump() + ": ";
    print(below, depth + 1, text);
    before = ",\n";
  }
  text += fmt::format("\n{:{}}{}", "", 2 * depth, objects ? "]" : "}");
}

std::string range(const Ordered& schema) {
  std::string text;
  const auto add = [&](const char* word, const char* sign) {
    if (!schema.contains(word)) return;
    if (schema.at(word).get<double>() >= std::numeric_limits<std::int32_t>::max() &&
        schema.at("type") == "integer" && schema.at(word).get<double>() < 1e15) {
      return;
    }
    text += fmt::format("{}{} {}", text.empty() ? " " : ", ", sign, schema.at(word).dump());
  };
  add("minimum", "≥");
  add("exclusiveMinimum", ">");
  add("maximum", "≤");
  add("exclusiveMaximum", "<");
  return text;
}

std::string type_text(const Ordered& schema, bool several = false) {
  if (schema.contains("enum")) {
    std::string text;
    for (const auto& value : schema.at("enum")) {
      const bool plain = value.is_string() && schema.at("type") == "string";
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ",
                          plain ? value.get<std::string>() : value.dump());
    }
    return several ? "of " + text : text;
  }
  const std::string type = schema.at("type");
  const std::string plural = several ? "s" : "";
  if (type == "boolean") return "`true`, `false`";
  if (type == "string") return "text" + plural;
  if (type == "object") return "object" + plural;
  if (type != "array") return type + plural + range(schema);
  if (schema.at("items").contains("$ref")) return "list of objects";
  const std::string items = type_text(schema.at("items"), true);
  if (schema.contains("minItems")) return fmt::format("{} {}", schema.at("minItems").dump(), items);
  return schema.at("items").contains("enum") ? "list " + items : "list of " + items;
}

/// `known`: properties that have their rows already.
void add_rows(const Ordered& object, const std::string& path, std::string& text,
              const Ordered& known = Ordered::object()) {
  const Ordered required = object.value("required", Ordered::array());
  for (const auto& [key, schema] : object.at("properties").items()) {
    if (known.contains(key)) continue;
    const std::string name = path + "." + key;
    if (schema.at("type") == "object") {
      add_rows(schema, name, text);
      continue;
    }
    const bool needed = std::find(required.begin(), required.end(), key) != required.end();
    const std::string standard = schema.contains("default")
                                     ? fmt::format("`{}`", schema.at("default").dump())
                                 : needed ? "required"
                                          : "none";
    text += fmt::format("| `{}` | {} | {} | {} |\n", name, type_text(schema), standard,
                        schema.at("description").get<std::string>());
    if (schema.at("type") == "array" && schema.at("items").contains("properties")) {
      const Ordered& items = schema.at("items");
      add_rows(items, name + "[]", text);
      for (const Ordered& variant : items.value("oneOf", Ordered::array())) {
        const std::string called = variant.at("properties").at("name").at("enum").at(0);
        add_rows(variant, fmt::format("{}[{}]", name, called), text, items.at("properties"));
      }
    }
  }
}

}  // namespace

std::string schema_from_tables(std::string_view text) {
  Ordered schema = Ordered::parse(text);
  Ordered& all = schema.at("properties");
  for (const Section& section : sections()) {
    if (!all.contains(section.name)) {
      all[section.name] = {{"type", "object"},
                           {"description", section.description},
                           {"additionalProperties", false},
                           {"properties", Ordered::object()}};
    }
    Ordered &made = all.at(section.name), &options = made.at("properties");
    Ordered required = Ordered::array();
    for (const auto& [name, option] : section.options) {
      options[name] = in_order(option);
      if (option.at("type") != "object" && !option.contains("default")) required.push_back(name);
    }
    if (!required.empty()) made["required"] = required;
  }
  std::string printed;
  print(schema, 0, printed);
  return printed + "\n";
}

std::string keys_as_markdown(std::string_view schema_text) {
  const Ordered schema = Ordered::parse(schema_text);
  std::string text;
  for (const auto& [name, section] : schema.at("properties").items()) {
    if (!section.contains("properties")) continue;
    text += fmt::format(
        "\n### {}\n\n{}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n", name,
        section.at("description").get<std::string>());
    add_rows(section, name, text);
  }
  return text;
}

}  // namespace imgcls::train
