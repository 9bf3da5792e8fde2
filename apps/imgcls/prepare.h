#pragma once
// The parts of `imgcls prepare`, one file each.

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// A part adds itself to `imgcls prepare`, as subcommands add themselves to the program
/// (commands.h).
void add_prepare_imagenet(CLI::App& prepare, std::function<int()>& chosen);
void add_prepare_index(CLI::App& prepare, std::function<int()>& chosen);
void add_prepare_shards(CLI::App& prepare, std::function<int()>& chosen);

/// --image-key, and --threads of what reads and decodes every image, for commands over data sets.
void add_image_key(CLI::App& command, std::string& image_key);
void add_reading_threads(CLI::App& command, int& threads);

/// Runs `work`, which leaves files: it goes on when nobody reads what it says any more, and may
/// have as many files open as the system lets it.
int run_preparation(const std::function<int()>& work);

}  // namespace imgcls::cli
