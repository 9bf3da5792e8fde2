#pragma once
// The parts of `imgcls weights`, one file each, and what they share.

#include <functional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace imgcls::models {
class WeightsFile;
}

namespace imgcls::cli {

/// What options for a model's weights say of themselves.
inline constexpr const char* kItsWeights = "Its weights: safetensors, .pth, or a run's folder";
/// What arguments for any weights do.
inline constexpr const char* kAnyWeights =
    "A safetensors file, a .pth of any age, or a run's folder";

/// The option --key: which of a file's state dicts is taken.
CLI::Option* add_key(CLI::App& command, std::string& key);

/// Says which of a file's state dicts is taken, where it holds several.
void report_choice(const models::WeightsFile& file);

/// A part adds itself to `imgcls weights`, as subcommands add themselves to the program
/// (commands.h).
void add_weights_average(CLI::App& weights, std::function<int()>& chosen);
void add_weights_convert(CLI::App& weights, std::function<int()>& chosen);
void add_weights_diff(CLI::App& weights, std::function<int()>& chosen);
void add_weights_hash(CLI::App& weights, std::function<int()>& chosen);
void add_weights_init(CLI::App& weights, std::function<int()>& chosen);
void add_weights_show(CLI::App& weights, std::function<int()>& chosen);

}  // namespace imgcls::cli
