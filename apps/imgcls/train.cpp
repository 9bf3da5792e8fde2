// imgcls train: any model, any configuration.
#include "commands.h"

#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <CLI/CLI.hpp>

namespace imgcls::cli {
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
      "docs/configuration.md lists every key. Ctrl-C saves; the same command resumes.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return train::run_program(*arguments, train::run_training); };
  });
}

}  // namespace imgcls::cli
