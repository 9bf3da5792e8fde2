#pragma once
// Ingredients of one kind by name (optimizers, schedules, losses, ...): those of the house, from a
// table, and those that a program adds. An ingredient may have options of its own, which stand in
// a configuration below its name: "optimizer.lion.betas".

#include <imgcls/core/error.h>
#include <imgcls/core/named_entries.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/option_fields.h>
#include <imgcls/core/schema.h>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls {

/// Ingredients of one kind by their names. `Entry` has at least `std::string name`,
/// `std::string summary` (what it is and the paper) and `OwnFields own`.
template <class Entry>
class Registry {
 public:
  /// `section` is the configuration's, of which `choice` holds the name or the list of names.
  Registry(std::string section, std::string choice, std::vector<Entry> entries)
      : section_(std::move(section)), choice_(std::move(choice)), entries_(std::move(entries)) {}

  /// Throws ConfigError for a name that is unknown, with the nearest one.
  const Entry& at(std::string_view name) const {
    if (const Entry* found = entries_.find(name)) return *found;
    throw ConfigError(
        fmt::format("{}.{}: no \"{}\"; {}", section_, choice_, name, known_names(name, names())));
  }

  /// Makes one known to C++ and to configurations; call it before these are read. Throws
  /// ConfigError where the name is taken.
  void add(Entry entry) {
    if (entries_.find(entry.name) != nullptr) {
      throw ConfigError(
          fmt::format("{}.{}: there is a \"{}\" already", section_, choice_, entry.name));
    }
    extend_schema(section_, choice_, entry.name, schema_of(entry));
    entries_.push_back(std::move(entry));
  }

  /// The options of its own that the named one has in a section that a schema has completed. Throws
  /// OptionError.
  std::any read_own(const std::string& name, const nlohmann::json& section) const {
    const Entry& entry = at(name);
    if (entry.own.empty()) return {};
    try {
      return entry.own.read(section.value(name, nlohmann::json::object()));
    } catch (const OptionError& e) {  // as it is called in the section
      throw OptionError(fmt::format("{}.{}", name, e.option()), e.must());
    }
  }
  /// Puts them into a section.
  void write_own(const std::string& name, const std::any& own, nlohmann::json& section) const {
    const Entry& entry = at(name);
    if (!entry.own.empty()) section[name] = entry.own.write(own);
  }

  /// Of all entries, in their order.
  std::vector<std::string> names() const { return entries_.names(); }

  /// The schema of a list of objects that each hold the `name` of an entry, options that are
  /// `common` to all, and that entry's own.
  nlohmann::json list_schema(const std::string& about_name, const nlohmann::json& common) const {
    nlohmann::json items = variants_schema(about_name, common);
    for (const Entry& entry : entries_) add_variant(items, entry.name, list_variant(entry));
    return {{"type", "array"}, {"items", items}};
  }

  /// The schemas of the entries' own options, by name; entries without any are left out.
  std::vector<std::pair<std::string, nlohmann::json>> schemas() const {
    std::vector<std::pair<std::string, nlohmann::json>> all;
    for (const Entry& entry : entries_) {
      if (!entry.own.empty()) all.emplace_back(entry.name, schema_of(entry));
    }
    return all;
  }

 private:
  static nlohmann::json schema_of(const Entry& entry) {
    if (entry.own.empty()) return {};
    return {{"type", "object"},
            {"description", entry.summary},
            {"additionalProperties", false},
            {"properties", entry.own.properties()}};
  }

  /// Of entries without options, too.
  static nlohmann::json list_variant(const Entry& entry) {
    return {{"description", entry.summary}, {"properties", entry.own.properties()}};
  }

  std::string section_, choice_;
  NamedEntries<Entry> entries_;
};

/// From a section, a struct whose table is `fields`, with the name of one of `registry` in `name`
/// and that one's options in `own`. Throws OptionError.
template <class Options, class Entry>
void read_chosen(const nlohmann::json& section, const OptionFields<Options>& fields,
                 const Registry<Entry>& registry, Options& options) {
  fields.read(section, options);
  options.own = registry.read_own(options.name, section);
}

/// The section that says what such a struct holds.
template <class Options, class Entry>
nlohmann::json write_chosen(const OptionFields<Options>& fields, const Registry<Entry>& registry,
                            const Options& options) {
  nlohmann::json section = fields.write(options);
  registry.write_own(options.name, options.own, section);
  return section;
}

}  // namespace imgcls
