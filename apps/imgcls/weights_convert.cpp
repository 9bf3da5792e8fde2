// imgcls weights convert: the same tensors in another format.
#include "commands.h"
#include "weights.h"

#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/train/program.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/weights/parse.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

struct WeightsConvertArguments {
  std::string input, output, key;
};

int run(const WeightsConvertArguments& arguments) {
  (void)weights::format_of_name(arguments.output);  // before anything is read
  const models::WeightsFile file(train::weights_at(arguments.input, Log()), arguments.key);
  report_choice(file);
  const auto tensors = file.read();
  models::write_weights(arguments.output, tensors);
  fmt::print("{}: {} tensors\n", arguments.output, tensors.size());
  return train::kSuccess;
}

}  // namespace

void add_weights_convert(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsConvertArguments>();
  CLI::App* command = weights.add_subcommand(
      "convert", "Write the tensors of a file in the format that the new name says");
  command->add_option("IN", arguments->input, kAnyWeights)->required();
  command->add_option("OUT", arguments->output, "NAME.safetensors, or NAME.pth, .pt or .bin")
      ->required();
  add_key(*command, arguments->key);
  command->footer(
      "Examples:\n"
      "  imgcls weights convert resnet50-11ad3fa6.pth resnet50.safetensors\n"
      "  imgcls weights convert runs/a a.pth\n"
      "  imgcls weights convert --key model_ema checkpoint.pth averaged.safetensors\n"
      "Of a checkpoint from Python only its state dict is read; nothing in it is run.");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
