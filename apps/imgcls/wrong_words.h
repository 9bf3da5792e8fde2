#pragma once
// What is said of a command line that CLI11 cannot take.

#include <span>
#include <string>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// Throws ConfigError for a word that stands where a command is due, with the nearest one; returns
/// where there is no such word.
void refuse_unknown_command(const CLI::App& program);

/// Throws ConfigError for an option that the chosen command does not have: with the nearest that it
/// has, or, where it takes a configuration, with the key that may be meant ("--batch 32":
/// train.batch=32). `words` is the whole command line. Returns where there is no such option.
void refuse_unknown_option(const CLI::App& program, std::span<const std::string> words);

}  // namespace imgcls::cli
