#pragma once
// What arguments that are no configuration are meant for: what a message says of them.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace imgcls {

/// "argument --batch: keys are written without dashes: train.batch=32", of the argument at `at`,
/// which begins with a dash; the next one may be its value.
std::string dashed_key(std::span<const std::string> arguments, std::size_t at);

/// Where the shell has cut `key=[0.5, 1]` at its spaces, what would have kept it whole; `at` is the
/// first piece. Empty where no such list or object begins there.
std::string cut_value(std::span<const std::string> arguments, std::size_t at);

/// "argument "x" is neither a file nor key.path=value", with the nearest file.
std::string no_argument(const std::string& argument);

/// "runs/x is a folder, and a configuration is a file", with the configuration of a run's folder.
std::string folder_argument(const std::string& argument);

/// "x.yaml is YAML, ...": of a file that is no JSON; empty where it does not look like YAML.
std::string yaml_text(std::string_view text, const std::string& name);

}  // namespace imgcls
