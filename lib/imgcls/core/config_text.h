#pragma once
// The text of one configuration file: JSON with // and /* */ comments, read strictly. Internal to
// core/.

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace imgcls {

/// Objects and lists may lie in each other so deep.
inline constexpr std::size_t kMaxNesting = 32;

/// A parsed text.
struct ConfigText {
  nlohmann::json values;  ///< an object, or whatever the text holds
  /// The line, counted from 1, of each key of each object, by its path.
  std::map<std::string, std::size_t, std::less<>> lines;
};

/// Parses `text`. Throws ConfigError with `name` and the line for broken JSON (NaN and Infinity
/// among it), a number beyond the range of double (1e400), a key given twice in an object, or
/// nesting deeper than kMaxNesting.
ConfigText parse_config_text(std::string_view text, std::string_view name);

/// The path of `key` in the object at `path` (empty: the whole): "train" and "epochs" give
/// "train.epochs". Elements of lists are written "optimizer.groups[0]".
std::string key_path(std::string_view path, std::string_view key);

/// A value as messages show it: JSON, cut off where it is long.
std::string shown(const nlohmann::json& value);

}  // namespace imgcls
