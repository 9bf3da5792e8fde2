// imgcls weights: files of weights made, looked at and put into another format.
#include "weights.h"
#include "commands.h"

#include <imgcls/core/log.h>
#include <imgcls/models/weights_file.h>

#include <CLI/CLI.hpp>

namespace imgcls::cli {

CLI::Option* add_key(CLI::App& command, std::string& key) {
  return command.add_option("--key", key,
                            "Which of several state dicts in a file, such as state_dict_ema, or\n"
                            "ema.state_dict inside of another; default: the usual one");
}

void report_choice(const models::WeightsFile& file) {
  if (const std::string choice = file.choice(); !choice.empty()) Log().info(choice);
}

void add_weights(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* command = program.add_subcommand(
      "weights", "Make, show, compare, hash, convert and average files of weights");
  command->require_subcommand(1);
  command->footer(
      "`imgcls weights COMMAND --help` says more. docs/weights.md tells of the formats.");
  add_weights_init(*command, chosen);
  add_weights_convert(*command, chosen);
  add_weights_show(*command, chosen);
  add_weights_diff(*command, chosen);
  add_weights_hash(*command, chosen);
  add_weights_average(*command, chosen);
}

}  // namespace imgcls::cli
