// imgcls: the command line of the library.
#include "commands.h"

#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/process.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <vector>

namespace {

/// CLI11 takes "[a,b]" apart where an argument may come several times. Here these are names of
/// files and other programs' arguments, so a mark at the end keeps such a word whole until it is
/// taken.
constexpr char kWhole = '\1';

std::vector<std::string> marked(std::span<char*> words) {
  std::vector<std::string> all(words.begin(), words.end());
  for (std::string& word : all) {
    if (word.starts_with('[') && word.ends_with(']')) word += kWhole;
  }
  return all;
}

void take_marks_off(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    option->transform([](std::string word) {
      if (word.ends_with(kWhole)) word.pop_back();
      return word;
    });
  }
  for (CLI::App* command : app.get_subcommands({})) take_marks_off(*command);
}

/// Where a command is missing CLI11 says just that, whatever word stands in its place.
void refuse_unknown_command(const CLI::App& program) {
  const CLI::App* app = &program;
  std::string line = program.get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    line += " " + app->get_name();
  }
  const std::vector<std::string> words = app->remaining();
  std::vector<std::string> names;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (words.empty() || names.empty()) return;
  const std::string nearest = imgcls::nearest_name(words.front(), names);
  throw imgcls::ConfigError(
      fmt::format("\"{}\" is no command of `{}`; {}`{} --help` lists them", words.front(), line,
                  nearest.empty() ? "" : fmt::format("did you mean \"{}\"? ", nearest), line));
}

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
  imgcls::cli::add_data(program, chosen);
  imgcls::cli::add_bench(program, chosen);
  imgcls::cli::add_weights(program, chosen);
  imgcls::cli::add_verify(program, chosen);
  imgcls::cli::add_wandb(program, chosen);
  take_marks_off(program);
  const std::vector<std::string> words = marked({argv, static_cast<std::size_t>(argc)});
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  try {
    program.parse(argc, pointers.data());
  } catch (const CLI::RequiredError& e) {
    refuse_unknown_command(program);
    program.exit(e);
    return imgcls::train::kUsage;
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
