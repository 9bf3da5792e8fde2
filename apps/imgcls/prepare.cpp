// imgcls prepare: what is done to a data set once, before training on it.
#include "prepare.h"
#include "commands.h"

#include <imgcls/core/process.h>

#include <CLI/CLI.hpp>

namespace imgcls::cli {

void add_image_key(CLI::App& command, std::string& image_key) {
  command.add_option("--image-key", image_key,
                     "Tar files: which of a sample's images, as data.image_key: png, left.jpg");
}

void add_reading_threads(CLI::App& command, int& threads) {
  command
      .add_option("--threads", threads, "Threads; default: one for each core this process may use")
      ->check(CLI::Range(1, 1024));
}

int run_preparation(const std::function<int()>& work) {
  ignore_broken_pipes();
  raise_open_file_limit();
  return work();
}

void add_prepare(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* command =
      program.add_subcommand("prepare", "Make a data set ready: its index, its shards");
  command->require_subcommand(1);
  command->footer("`imgcls prepare COMMAND --help` says more. docs/data.md tells what for.");
  add_prepare_imagenet(*command, chosen);
  add_prepare_index(*command, chosen);
  add_prepare_shards(*command, chosen);
}

}  // namespace imgcls::cli
