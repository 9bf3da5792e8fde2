// imgcls prepare: what is done to a data set once, before training on it.
#include "prepare.h"
#include "commands.h"

#include <imgcls/core/process.h>

#include <CLI/CLI.hpp>

namespace imgcls::cli {

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
