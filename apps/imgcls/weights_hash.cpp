// imgcls weights hash: one number for all weights of a file or a run.
#include "commands.h"
#include "weights.h"

#include <imgcls/core/log.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/models/weights_hash.h>
#include <imgcls/train/program.h>
#include <imgcls/train/run_weights.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

struct WeightsHashArguments {
  std::vector<std::string> inputs;
  std::string key;
};

int run(const WeightsHashArguments& arguments) {
  for (const std::string& input : arguments.inputs) {
    const std::filesystem::path path = train::weights_at(input, Log());
    const models::WeightsFile file(path, arguments.key);
    report_choice(file);
    fmt::print("{}  {}\n", models::hash_weights(file.read()), path.string());
  }
  return train::kSuccess;
}

}  // namespace

void add_weights_hash(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsHashArguments>();
  CLI::App* command = weights.add_subcommand(
      "hash", "Print one SHA-256 over names, shapes and values: equal for equal weights");
  command
      ->add_option("RUN|FILE", arguments->inputs,
                   "A run's folder, of which the newest checkpoint is taken, or a file of weights")
      ->required();
  add_key(*command, arguments->key);
  command->footer(
      "Examples:\n"
      "  imgcls weights hash runs/one-rank runs/four-ranks     (train.shards: the same number)\n"
      "  imgcls weights hash resnet50-11ad3fa6.pth resnet50.safetensors\n"
      "A file's format and order change nothing. Of a run with an average of the weights, that is "
      "taken.");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
