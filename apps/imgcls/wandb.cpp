// imgcls wandb: hands runs to Weights & Biases.
#include "commands.h"
#include "find_program.h"

#include <imgcls/core/error.h>
#include <imgcls/log/wandb_run.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct SyncArguments {
  std::vector<fs::path> runs;
  std::string entity, project;
};

/// The newest folder for Weights & Biases of each run.
std::vector<std::string> folders_of(const std::vector<fs::path>& runs) {
  std::vector<std::string> folders;
  for (const fs::path& run : runs) {
    const std::vector<fs::path> found = report::wandb_folders(run);
    if (found.empty()) {
      throw ConfigError(fmt::format(
          "{} holds no run for Weights & Biases: train with log.wandb=true to have one written",
          run.string()));
    }
    folders.push_back(found.back().string());
  }
  return folders;
}

void require_online() {
  const char* set = std::getenv("WANDB_MODE");
  const std::string_view mode = set != nullptr ? set : "";
  if (mode == "offline" || mode == "dryrun" || mode == "disabled") {
    throw ConfigError(
        fmt::format("WANDB_MODE={} forbids uploading: unset it, or set it to online", mode));
  }
}

/// Becomes the client; returns only by throwing.
int sync(const SyncArguments& arguments) {
  std::vector<std::string> words{"wandb", "sync"};
  if (!arguments.entity.empty()) words.insert(words.end(), {"--entity", arguments.entity});
  if (!arguments.project.empty()) words.insert(words.end(), {"--project", arguments.project});
  for (std::string& folder : folders_of(arguments.runs)) words.push_back(std::move(folder));
  require_online();
  if (!can_find("wandb")) {
    throw Error(fmt::format(
        "the client of Weights & Biases, `wandb`, is not on the PATH (pip install wandb). "
        "Where it is: {}",
        fmt::join(words, " ")));
  }
  std::vector<char*> pointers(words.size() + 1);  // the last stays null
  std::ranges::transform(words, pointers.begin(), [](std::string& word) { return word.data(); });
  std::fflush(stdout);
  ::execvp(pointers[0], pointers.data());
  throw Error(fmt::format("cannot start wandb: {}", std::generic_category().message(errno)));
}

void add_sync(CLI::App& wandb, std::function<int()>& chosen) {
  auto arguments = std::make_shared<SyncArguments>();
  CLI::App* command = wandb.add_subcommand("sync", "Upload runs, by the client `wandb sync`");
  command
      ->add_option("RUN", arguments->runs, "Folders of runs that were trained with log.wandb=true")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("-e,--entity", arguments->entity,
                      "User or team to upload to; default: the login's");
  command->add_option("-p,--project", arguments->project,
                      "Project to upload to; default: the run's log.wandb_project");
  command->footer(
      "Needs the client (pip install wandb) and a login (wandb login, or WANDB_API_KEY). A run "
      "that has\n"
      "gone on since it was uploaded is uploaded again, under the same name. The exit code is the "
      "client's.\n\n"
      "Examples:\n"
      "  imgcls wandb sync runs/resnet18-cifar10\n"
      "  imgcls wandb sync runs/seed-* --entity my-team --project seeds");
  command->callback([arguments, &chosen] { chosen = [arguments] { return sync(*arguments); }; });
}

}  // namespace

void add_wandb(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* command = program.add_subcommand("wandb", "Hand runs to Weights & Biases");
  command->require_subcommand(1);
  add_sync(*command, chosen);
}

}  // namespace imgcls::cli
