#pragma once
// The parts of `imgcls prepare`, one file each.

#include <functional>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// A part adds itself to `imgcls prepare`, as subcommands add themselves to the program
/// (commands.h).
void add_prepare_imagenet(CLI::App& prepare, std::function<int()>& chosen);
void add_prepare_index(CLI::App& prepare, std::function<int()>& chosen);
void add_prepare_shards(CLI::App& prepare, std::function<int()>& chosen);

/// Runs `work`, which leaves files: it goes on when nobody reads what it says any more, and may
/// have as many files open as the system lets it.
int run_preparation(const std::function<int()>& work);

}  // namespace imgcls::cli
