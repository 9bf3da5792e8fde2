#pragma once
// The parts of `imgcls weights`, one file each.

#include <functional>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// A part adds itself to `imgcls weights`, as subcommands add themselves to the program
/// (commands.h).
void add_weights_average(CLI::App& weights, std::function<int()>& chosen);
void add_weights_convert(CLI::App& weights, std::function<int()>& chosen);
void add_weights_diff(CLI::App& weights, std::function<int()>& chosen);
void add_weights_init(CLI::App& weights, std::function<int()>& chosen);
void add_weights_show(CLI::App& weights, std::function<int()>& chosen);

}  // namespace imgcls::cli
