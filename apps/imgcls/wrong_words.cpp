#include "wrong_words.h"

#include <imgcls/core/config_arguments.h>
#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace imgcls::cli {
namespace {

/// The innermost command that was named, and how it is called.
struct Chosen {
  const CLI::App* app;
  std::string line;
};

Chosen chosen_command(const CLI::App& program) {
  Chosen chosen{&program, program.get_name()};
  while (!chosen.app->get_subcommands().empty()) {
    chosen.app = chosen.app->get_subcommands().front();
    chosen.line += " " + chosen.app->get_name();
  }
  return chosen;
}

/// "--run", "--help" and so on.
std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool takes_configuration(const CLI::App& app) {
  return std::ranges::any_of(app.get_options(), [](const CLI::Option* option) {
    return option->get_name().find("CONFIG") != std::string::npos;
  });
}

}  // namespace

void refuse_unknown_command(const CLI::App& program) {
  const auto [app, line] = chosen_command(program);
  const std::vector<std::string> words = app->remaining();
  std::vector<std::string> names;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (words.empty() || names.empty()) return;
  const std::string nearest = nearest_name(words.front(), names);
  throw ConfigError(
      fmt::format("\"{}\" is not a command of `{}`; {}`{} --help` lists them", words.front(), line,
                  nearest.empty() ? "" : fmt::format("did you mean \"{}\"? ", nearest), line));
}

void refuse_unknown_option(const CLI::App& program, std::span<const std::string> words) {
  const auto [app, line] = chosen_command(program);
  const std::vector<std::string> left = program.remaining(/*recurse=*/true);
  const auto word = std::ranges::find_if(
      left, [](const std::string& each) { return each.starts_with("-") && each != "-"; });
  if (word == left.end()) return;
  const std::string name = word->substr(0, word->find('='));
  const std::string nearest = nearest_name(name, long_options(*app));
  if (!nearest.empty()) {
    throw ConfigError(fmt::format("`{}` has no option {}; did you mean {}?", line, name, nearest));
  }
  const auto at = std::ranges::find(words, *word);
  if (takes_configuration(*app) && at != words.end()) {
    throw ConfigError(dashed_key(words, static_cast<std::size_t>(at - words.begin())));
  }
  throw ConfigError(fmt::format("`{0}` has no option {1}; `{0} --help` lists them", line, name));
}

}  // namespace imgcls::cli
