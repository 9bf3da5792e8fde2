// imgcls verify: a part of a run trained again, on any number of ranks, and the weights compared.
#include "commands.h"
#include "find_program.h"
#include "job.h"

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/launch/mpirun.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/models/weights_hash.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct VerifyArguments {
  std::string run;
  int ranks = 1;
  std::int64_t steps = 0;
};

/// From one step of a run to another.
struct Span {
  std::int64_t from = 0, to = 0;
  bool is_recorded = false;  // the run has a checkpoint at its end
};

Span choose_span(const train::Checkpoints& checkpoints, const VerifyArguments& arguments) {
  const std::vector<std::int64_t> good = checkpoints.good_steps(Log());
  if (good.empty()) {
    throw CheckpointError(fmt::format("{} holds no usable checkpoint", arguments.run));
  }
  if (arguments.steps > 0) {
    const std::int64_t to = good.back() + arguments.steps;
    return {good.back(), to, std::ranges::find(good, to) != good.end()};
  }
  if (good.size() > 1) return {good.back(), good.front(), true};
  throw ConfigError(
      fmt::format("{} holds one checkpoint, at step {}: with --steps K, K steps from there are "
                  "trained on one rank as well, to compare with",
                  arguments.run, good.front()));
}

/// The run's checkpoint as that of a run of its own.
void copy_checkpoint(const fs::path& from, const fs::path& to) {
  make_folders(to.parent_path());
  std::error_code no_links;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::create_hard_links, no_links);
  if (!no_links) return;
  remove_tree(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

std::string hash_of(const train::Checkpoints& checkpoints, std::int64_t step) {
  const models::WeightsFile weights(train::weights_to_use(checkpoints.path(step)));
  return models::hash_weights(weights.read());
}

/// Trains again, and returns the hash of what that comes to.
std::string train_again(const train::RunFiles& run, const Span& span, int ranks) {
  const train::RunFiles again{run.folder / fmt::format("verify-{}", ranks)};
  remove_tree(again.folder);
  const train::Checkpoints before(run.checkpoints(), 1), after(again.checkpoints(), 1);
  copy_checkpoint(before.path(span.from), after.path(span.from));
  std::vector<std::string> words{fs::read_symlink("/proc/self/exe").string(),
                                 "train",
                                 run.config().string(),
                                 "run.dir=" + nlohmann::json(again.folder.string()).dump(),
                                 fmt::format("train.max_steps={}", span.to),
                                 "train.patience=0",
                                 "train.max_hours=0",
                                 "checkpoint.resume=auto",
                                 "checkpoint.every_steps=0",
                                 "checkpoint.every_epochs=0",
                                 "log.tensorboard=false",
                                 "log.wandb=false"};
  if (ranks > 1) {
    words = dist::mpirun_line({.ranks = ranks, .program = std::move(words)}, dist::this_machine());
  }
  if (!can_find(words.front())) {
    throw ConfigError(
        "mpirun is not installed: it starts the ranks (Debian's package openmpi-bin)");
  }
  const JobEnd end = run_job(words);
  if (end.code != 0) {
    throw Error(fmt::format("training again ended with exit code {}; {} is left as it was",
                            end.code, again.folder.string()));
  }
  const std::int64_t reached = after.good_steps(Log()).front();
  if (reached < span.to) {
    remove_tree(again.folder);
    throw ConfigError(fmt::format(
        "the run ends at step {}, and its oldest checkpoint is of step {}: {}", reached, span.from,
        reached == span.from ? "there is nothing to train again (checkpoint.every_steps and "
                               "checkpoint.keep make and keep earlier ones)"
                             : fmt::format("give --steps at most {}", reached - span.from)));
  }
  return hash_of(after, span.to);
}

void warn_of_ranks(const train::RunFiles& run) {
  const std::vector<std::string> files{run.config().string()};
  if (Config::load(files).json().at("train").at("shards") != 0) return;
  Log().warn(
      "the run has train.shards=0: its bits depend on the number of ranks, and are the same only "
      "where it trained on as many");
}

int run_verify(const VerifyArguments& arguments) {
  const train::RunFiles run{arguments.run};
  if (!fs::exists(run.config())) {
    throw ConfigError(
        fmt::format("{} is not a run's folder: it has no config.json", arguments.run));
  }
  const train::Checkpoints checkpoints(run.checkpoints(), 1);
  const Span span = choose_span(checkpoints, arguments);
  warn_of_ranks(run);
  const std::string expected =
      span.is_recorded ? hash_of(checkpoints, span.to) : train_again(run, span, 1);
  const std::string found = train_again(run, span, arguments.ranks);
  fmt::print("steps {} to {}\n  {}  {}\n  {}  {} {}\n", span.from + 1, span.to, expected,
             span.is_recorded ? "the run" : "1 rank", found, arguments.ranks,
             arguments.ranks == 1 ? "rank" : "ranks");
  if (expected != found) {
    fmt::print("the weights differ: `imgcls weights diff` says where\n");
    return train::kFailure;
  }
  fmt::print("the same weights\n");
  for (const int ranks : {1, arguments.ranks}) {
    remove_tree(run.folder / fmt::format("verify-{}", ranks));
  }
  return train::kSuccess;
}

}  // namespace

void add_verify(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = program.add_subcommand(
      "verify", "Train a part of a run again, and say whether it comes to the same weights");
  command->add_option("RUN", arguments->run, "The run's folder, with its checkpoints")->required();
  command->add_option("-n,--ranks", arguments->ranks, "Number of ranks to train on; default: 1")
      ->check(CLI::Range(1, 1000000));
  command
      ->add_option(
          "--steps", arguments->steps,
          "Steps to train from the oldest checkpoint that is kept; default: to the newest\n"
          "one. Where the run has no checkpoint there, one rank trains them, too")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->footer(
      "Examples:\n"
      "  imgcls verify runs/resnet50                  (from the last checkpoint but one)\n"
      "  imgcls verify runs/resnet50 --ranks 3 --steps 20\n"
      "Exit code 0: the weights are the same, to the bit; 1: they differ, and what was trained is "
      "left in\nRUN/verify-RANKS. Runs with train.shards promise it for any number of ranks "
      "(docs/exactness.md).\nStart it where the run was started, so that its data is found.");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_verify(*arguments); }; });
}

}  // namespace imgcls::cli
