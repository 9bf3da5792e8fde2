#pragma once
// Configuration: JSON files (with comments) merged left to right, then `key.path=value` overrides,
// checked against one JSON Schema (configs/schema.json, built into the library) and completed with
// its defaults.

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// A complete, checked configuration. Every key of the schema that has a default is present.
class Config {
 public:
  /// Reads `arguments`: each is the path of a JSON file, or `key.path=value` (a value that is not
  /// JSON is a text: `run.dir=runs/x`). Throws ConfigError, naming the file and line (or the
  /// argument), the key and what would be right: for an unknown key with the nearest known one, a
  /// duplicate key, a wrong type, a value out of range, a missing required key, broken JSON,
  /// nesting deeper than 32.
  static Config load(std::span<const std::string> arguments);

  /// The same from JSON text; `name` stands for the file in messages.
  static Config parse(std::string_view text, std::string_view name = "config");

  Config(const Config&);                 ///< copies all values
  Config(Config&&) noexcept;             ///< leaves the other one to be assigned to or destroyed
  Config& operator=(Config&&) noexcept;  ///< leaves the other one to be assigned to or destroyed
  ~Config();

  /// All of it, to read from: `config.json().at("train").at("batch")`.
  const nlohmann::json& json() const;
  /// The same as indented text, keys sorted.
  std::string text() const;
  /// Where a key was set: "configs/train/demo.json:12", "argument train.epochs=1", or "default".
  /// `path` is dotted. For messages about values that turn out not to fit.
  std::string origin(std::string_view path) const;

 private:
  Config();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imgcls
