// imgcls data: a look at a data set.
#include "data.h"
#include "commands.h"

#include <CLI/CLI.hpp>

namespace imgcls::cli {

void add_data(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* command = program.add_subcommand("data", "Look at a data set");
  command->require_subcommand(1);
  command->footer("`imgcls data COMMAND --help` says more.");
  add_data_check(*command, chosen);
  add_data_show(*command, chosen);
}

}  // namespace imgcls::cli
