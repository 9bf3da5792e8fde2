// imgcls weights: files of weights made, looked at and put into another format.
#include "weights.h"
#include "commands.h"

#include <CLI/CLI.hpp>

namespace imgcls::cli {

void add_weights(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* command = program.add_subcommand(
      "weights", "Make, show, compare, convert and average files of weights");
  command->require_subcommand(1);
  command->footer(
      "`imgcls weights COMMAND --help` says more. docs/weights.md tells of the formats.");
  add_weights_init(*command, chosen);
  add_weights_convert(*command, chosen);
  add_weights_show(*command, chosen);
  add_weights_diff(*command, chosen);
  add_weights_average(*command, chosen);
}

}  // namespace imgcls::cli
