// imgcls: the command line of the library.
#include "commands.h"

#include <imgcls/core/process.h>
#include <imgcls/train/program.h>

#include <CLI/CLI.hpp>

namespace {

int run(int argc, char** argv) {
  CLI::App program("Trains and evaluates image classifiers.", "imgcls");
  program.require_subcommand(1);
  program.footer("`imgcls COMMAND --help` says more about a command.");
  std::function<int()> chosen;
  imgcls::cli::add_train(program, chosen);
  imgcls::cli::add_eval(program, chosen);
  imgcls::cli::add_report(program, chosen);
  imgcls::cli::add_predict(program, chosen);
  imgcls::cli::add_models(program, chosen);
  imgcls::cli::add_export(program, chosen);
  imgcls::cli::add_launch(program, chosen);
  imgcls::cli::add_prepare(program, chosen);
  imgcls::cli::add_bench(program, chosen);
  imgcls::cli::add_weights(program, chosen);
  imgcls::cli::add_wandb(program, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? imgcls::train::kSuccess : imgcls::train::kUsage;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  imgcls::open_standard_streams();
  return imgcls::train::run_reported([&] { return run(argc, argv); });
}
