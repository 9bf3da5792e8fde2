#pragma once
// Options that read and write themselves: beside a struct stands a table that gives each member its
// name in configurations, its limits and its description. From the table come the parsing of a
// configuration's section, the section that says the same as a struct, and its part of
// configs/schema.json; the default is what the member holds in a new struct.

#include <imgcls/core/error.h>
#include <imgcls/core/json_text.h>

#include <fmt/format.h>

#include <any>
#include <array>
#include <concepts>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace imgcls {

/// Numbers that an option may have.
struct Limits {
  /// Inclusive ("minimum", "maximum") and exclusive ("above", "below") bounds; unset: there is
  /// none.
  std::optional<double> minimum = {}, above = {}, maximum = {}, below = {};

  static Limits at_least(double low) { return {.minimum = low}; }    ///< low <= value
  static Limits greater_than(double low) { return {.above = low}; }  ///< low < value
  /// Low <= value <= high.
  static Limits between(double low, double high) { return {.minimum = low, .maximum = high}; }
};

/// What configurations call the values of an enumeration.
template <class Value, std::size_t count>
using Names = std::array<std::pair<Value, std::string_view>, count>;

/// The name of a value; each has one.
template <class Value, std::size_t count>
std::string name_in(const Names<Value, count>& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return std::string(name);
  }
  throw Error("an option has a value without a name");
}

/// The value of that name. Throws ConfigError, what an option must be, for a name that none has.
template <class Value, std::size_t count>
Value value_in(const Names<Value, count>& names, const std::string& wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  throw ConfigError(fmt::format("must not be \"{}\", which this program does not know", wanted));
}

/// A value that contradicts itself; the message says what the option must be.
class OptionError : public ConfigError {
 public:
  /// `must` is what follows the option's name in the message: "must be above 0".
  OptionError(std::string option, const std::string& must)
      : ConfigError(option + " " + must), option_(std::move(option)), must_(must) {}
  /// The option's name in its section.
  const std::string& option() const { return option_; }
  /// What it must be.
  const std::string& must() const { return must_; }

 private:
  std::string option_, must_;
};

/// The table of a struct `Options`, one section of a configuration or a part of one.
template <class Options>
class OptionFields {
 public:
  using json = nlohmann::json;  ///< values of configurations and schemas

  /// A member of type bool, a number, a text, or an array or list of these.
  template <class Member>
  OptionFields& add(std::string name, Member Options::*member, std::string description,
                    const Limits& limits = {}) {
    json schema = schema_of<Member>(limits);
    return add(
        std::move(name), std::move(schema),
        [member](const json& value, Options& to) { to.*member = value.get<Member>(); },
        [member](const Options& from) { return json(from.*member); }, std::move(description));
  }

  /// A member that is one of an enumeration's values.
  template <class Value, std::size_t count>
  OptionFields& add(std::string name, Value Options::*member, const Names<Value, count>& names,
                    std::string description) {
    json values = json::array();
    for (const auto& each : names) values.push_back(each.second);
    return add(
        std::move(name), {{"enum", values}, {"type", "string"}},
        [member, &names](const json& value, Options& to) { to.*member = value_in(names, value); },
        [member, &names](const Options& from) { return json(name_in(names, from.*member)); },
        std::move(description));
  }

  /// A text, not empty, that every configuration gives: it has no default.
  OptionFields& add_required(std::string name, std::string Options::*member,
                             std::string description) {
    add(
        std::move(name), {{"type", "string"}, {"minLength", 1}},
        [member](const json& value, Options& to) { to.*member = value.get<std::string>(); },
        [member](const Options& from) { return json(from.*member); }, std::move(description));
    fields_.back().required = true;
    return *this;
  }

  /// A number that a configuration leaves unset by one below 0, as -1; so limits begin at -1.
  OptionFields& add_optional(std::string name, std::optional<double> Options::*member,
                             std::string description, const Limits& limits) {
    return add(
        std::move(name), schema_of<double>(limits),
        [member](const json& value, Options& to) {
          to.*member = value >= 0 ? std::optional(value.get<double>()) : std::nullopt;
        },
        [member](const Options& from) { return json((from.*member).value_or(-1)); },
        std::move(description));
  }

  /// A name out of those of a registry.
  OptionFields& add_choice(std::string name, std::string Options::*member,
                           const std::vector<std::string>& names, std::string description) {
    return add(
        std::move(name), {{"enum", names}, {"type", "string"}},
        [member](const json& value, Options& to) { to.*member = value.get<std::string>(); },
        [member](const Options& from) { return json(from.*member); }, std::move(description));
  }

  /// Two members that a configuration gives as a list.
  OptionFields& add_pair(std::string name, double Options::*first, double Options::*second,
                         std::string description, const Limits& limits = {}) {
    return add(
        std::move(name), schema_of<std::array<double, 2>>(limits),
        [first, second](const json& value, Options& to) {
          to.*first = value.at(0), to.*second = value.at(1);
        },
        [first, second](const Options& from) {
          return json{from.*first, from.*second};
        },
        std::move(description));
  }

  /// The same, of which the first must not be above the second.
  OptionFields& add_range(std::string name, double Options::*low, double Options::*high,
                          std::string description, const Limits& limits = {}) {
    add_pair(std::move(name), low, high, std::move(description), limits);
    fields_.back().read = [low, high, pair = fields_.back().read](const json& value, Options& to) {
      pair(value, to);
      if (to.*low <= to.*high) return;
      throw ConfigError(
          fmt::format("must be [smallest, largest], not [{}, {}]", to.*low, to.*high));
    };
    return *this;
  }

  /// Anything else. `read` throws ConfigError with what the option must be.
  OptionFields& add(std::string name, json schema, std::function<void(const json&, Options&)> read,
                    std::function<json(const Options&)> write, std::string description) {
    fields_.push_back({std::move(name), std::move(schema), std::move(read), std::move(write),
                       std::move(description)});
    return *this;
  }

  /// A member that is a struct with a table of its own, whose options stand in this section.
  template <class Part>
  OptionFields& include(Part Options::*member, const OptionFields<Part>& part) {
    for (const auto& field : part.fields()) {
      fields_.push_back(
          {field.name, field.schema,
           [member, read = field.read](const json& value, Options& to) { read(value, to.*member); },
           [member, write = field.write](const Options& from) { return write(from.*member); },
           field.description, field.required});
    }
    return *this;
  }

  /// Fills `options` from a section, which a schema has checked and completed; keys that are not in
  /// this table are left alone. Throws OptionError.
  void read(const json& section, Options& options) const {
    for (const Field& field : fields_) {
      const auto found = section.find(field.name);
      if (found == section.end()) continue;
      try {
        field.read(*found, options);
      } catch (const OptionError& e) {  // of an element of a list: "[2].radius"
        throw OptionError(field.name + e.option(), e.must());
      } catch (const ConfigError& e) {
        throw OptionError(field.name, e.what());
      }
    }
  }

  /// The section that says what `options` hold.
  json write(const Options& options) const {
    json section = json::object();
    for (const Field& field : fields_) section[field.name] = field.write(options);
    return section;
  }

  /// The schemas of the options by name: JSON Schema's "properties".
  json properties() const {
    json all = json::object();
    const Options defaults{};
    for (const Field& field : fields_) {
      json& schema = all[field.name] = field.schema;
      if (!field.required) schema["default"] = without_fraction(field.write(defaults));
      schema["description"] = field.description;
    }
    return all;
  }

  /// An option, as the table has it.
  struct Field {
    std::string name;  ///< its key in the section
    json schema;       ///< JSON Schema of its values, without default and description
    /// Fills the member from a value that fits the schema; throws ConfigError.
    std::function<void(const json&, Options&)> read;
    /// The value that `read` would make the member from.
    std::function<json(const Options&)> write;
    std::string description;  ///< for the schema, and for people
    bool required = false;    ///< a configuration must give it
  };
  /// In the order in which they were added.
  const std::vector<Field>& fields() const { return fields_; }

 private:
  template <class Member>
  static json schema_of(const Limits& limits) {
    json schema;
    if constexpr (std::same_as<Member, bool>) {
      schema["type"] = "boolean";
    } else if constexpr (std::integral<Member>) {
      schema["type"] = "integer";
    } else if constexpr (std::floating_point<Member>) {
      schema["type"] = "number";
    } else if constexpr (requires { typename Member::traits_type; }) {
      schema["type"] = "string";
    } else {
      schema["type"] = "array";
      schema["items"] = schema_of<typename Member::value_type>(limits);
      if constexpr (requires { std::tuple_size<Member>::value; }) {
        schema["minItems"] = schema["maxItems"] = std::tuple_size_v<Member>;
      }
      return schema;
    }
    if (limits.minimum) schema["minimum"] = without_fraction(*limits.minimum);
    if (limits.above) schema["exclusiveMinimum"] = without_fraction(*limits.above);
    if (limits.maximum) schema["maximum"] = without_fraction(*limits.maximum);
    if (limits.below) schema["exclusiveMaximum"] = without_fraction(*limits.below);
    return schema;
  }

  std::vector<Field> fields_;
};

/// A table whose struct only its owner knows: the options of one ingredient among many, which the
/// rest of the program passes on as a std::any that holds the struct, or nothing for the defaults.
class OwnFields {
 public:
  using json = nlohmann::json;  ///< values of configurations and schemas

  /// No options.
  OwnFields() = default;

  /// `fields` must live on: it is a table with a function of its own.
  template <class Options>
  // NOLINTNEXTLINE(google-explicit-constructor): a table stands where OwnFields are asked for
  OwnFields(const OptionFields<Options>& fields)
      : properties_([&fields] { return fields.properties(); }),
        read_([&fields](const json& section) {
          Options options;
          fields.read(section, options);
          return std::any(options);
        }),
        write_([&fields](const std::any& own) { return fields.write(own_options<Options>(own)); }) {
  }

  bool empty() const { return !read_; }  ///< whether there are no options
  /// As OptionFields::properties.
  json properties() const { return empty() ? json::object() : properties_(); }
  /// A std::any that holds the filled struct; throws OptionError.
  std::any read(const json& section) const { return empty() ? std::any() : read_(section); }
  /// What OptionFields::write gives for what `own` holds.
  json write(const std::any& own) const { return empty() ? json::object() : write_(own); }

  /// What `own` holds; the defaults where it is empty. Throws ConfigError where it is another
  /// ingredient's.
  template <class Options>
  static Options own_options(const std::any& own) {
    if (!own.has_value()) return {};
    if (const auto* options = std::any_cast<Options>(&own)) return *options;
    throw ConfigError("the options given are those of another ingredient than the one named");
  }

 private:
  std::function<json()> properties_;
  std::function<std::any(const json&)> read_;
  std::function<json(const std::any&)> write_;
};

}  // namespace imgcls
