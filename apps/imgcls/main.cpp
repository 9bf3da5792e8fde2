// imgcls: the command line of the library.
#include "commands.h"
#include "wrong_words.h"

#include <imgcls/core/process.h>
#include <imgcls/train/program.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace {

/// CLI11 takes "[a,b]" apart where an argument may come several times. Here these are names of
/// files and other programs' arguments, so a mark at the end keeps such a word whole until it is
/// taken.
constexpr char kWhole = '\1';

std::vector<std::string> marked(std::vector<std::string> words) {
  for (std::string& word : words) {
    if (word.starts_with('[') && word.ends_with(']')) word += kWhole;
  }
  return words;
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

/// `imgcls help train` is `imgcls train --help`.
void put_help_last(std::vector<std::string>& words) {
  if (words.size() < 2 || words[1] != "help") return;
  words.erase(words.begin() + 1);
  words.emplace_back("--help");
}

int run(int argc, char** argv) {
  CLI::App program("Trains and evaluates image classifiers.", "imgcls");
  program.require_subcommand(1);
  program.set_version_flag("--version", imgcls::train::version_text());
  program.footer("`imgcls help COMMAND` says more about a command.");
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
  std::vector<std::string> words(argv, argv + argc);
  put_help_last(words);
  const std::vector<std::string> whole = marked(words);
  std::vector<const char*> pointers;
  for (const std::string& word : whole) pointers.push_back(word.c_str());
  try {
    program.parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const CLI::CallForHelp& e) {
    imgcls::cli::refuse_unknown_command(program);
    program.exit(e);
    return imgcls::train::kSuccess;
  } catch (const CLI::RequiredError& e) {
    imgcls::cli::refuse_unknown_command(program);
    imgcls::cli::refuse_unknown_option(program, words);
    program.exit(e);
    return imgcls::train::kUsage;
  } catch (const CLI::ExtrasError& e) {
    imgcls::cli::refuse_unknown_option(program, words);
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
