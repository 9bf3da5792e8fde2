// imgcls train: any model, any configuration.
#include "commands.h"

#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>
#include <imgcls/train/trainer.h>

#include <CLI/CLI.hpp>

namespace imgcls::cli {
namespace {

int run_training(const Config& config, dist::World& world) {
  const train::Parts parts = train::compose(config, world);
  train::Trainer trainer(parts.model, parts.train, parts.val, parts.options, world, config.text());
  return trainer.run().stopped_by == 0 ? train::kSuccess : train::kStopped;
}

}  // namespace

void add_train(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<std::vector<std::string>>();
  CLI::App* command = program.add_subcommand("train", "Train a model");
  command
      ->add_option("CONFIG", *arguments,
                   "JSON files, merged from left to right, and key.path=value overrides")
      ->required();
  command->footer(
      "Examples:\n"
      "  imgcls train configs/data/cifar10.json configs/train/cifar10.json model.name=resnet18\n"
      "  mpirun -np 2 imgcls train configs/data/fashion-mnist.json configs/train/demo.json\n"
      "docs/configuration.md lists every key. Ctrl-C saves; the same command goes on.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return train::run_program(*arguments, run_training); };
  });
}

}  // namespace imgcls::cli
