// imgcls models: what there is to train.
#include "commands.h"

#include <imgcls/models/registry.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace imgcls::cli {
namespace {

struct ModelsArguments {
  std::string filter;
  bool json = false;
};

int list(const ModelsArguments& arguments) {
  nlohmann::json all = nlohmann::json::array();
  int shown = 0;
  for (const std::string& name : models::names()) {
    if (name.find(arguments.filter) == std::string::npos) continue;
    const models::ModelInfo& info = models::info(name);
    if (shown++ == 0 && !arguments.json) {
      fmt::print("{:<22} {:>12} {:>9} {:>6}  {}\n", "model", "parameters", "GFLOPs", "input",
                 "paper");
    }
    if (arguments.json) {
      all.push_back({{"name", name},
                     {"parameters", info.parameters},
                     {"gflops", info.gflops},
                     {"input_size", info.input_size},
                     {"paper", info.paper}});
    } else {
      fmt::print("{:<22} {:>12} {:>9.3f} {:>6}  {}\n", name, info.parameters, info.gflops,
                 info.input_size, info.paper);
    }
  }
  if (shown > 0) {
    if (arguments.json) fmt::print("{}\n", all.dump(1));
    return train::kSuccess;
  }
  fmt::print(stderr, "no model's name has \"{}\" in it; `imgcls models` lists all\n",
             arguments.filter);
  return train::kUsage;
}

}  // namespace

void add_models(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ModelsArguments>();
  CLI::App* command = program.add_subcommand("models", "List the models");
  command->add_option("TEXT", arguments->filter, "Only those with TEXT in their names");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->footer(
      "Parameters are counted for 1,000 classes. GFLOPs are multiplications with additions, "
      "counted\n"
      "as one, for one image of the input size.\n\n"
      "Examples:\n"
      "  imgcls models\n"
      "  imgcls models efficientnet --json");
  command->callback([arguments, &chosen] { chosen = [arguments] { return list(*arguments); }; });
}

}  // namespace imgcls::cli
