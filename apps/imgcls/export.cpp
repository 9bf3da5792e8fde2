// imgcls export: a model as an ONNX file.
#include "commands.h"
#include "weights.h"

#include <imgcls/core/log.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/onnx/export.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

struct ExportArguments {
  std::string model, weights, key, output;
  int classes = 1000;
  int size = 0;
};

int export_onnx(const ExportArguments& arguments) {
  const models::ModelInfo& info = models::info(arguments.model);
  const models::Model model = models::create(arguments.model, {.classes = arguments.classes});
  for (const std::string& note :
       models::load_weights(model, arguments.weights, {.key = arguments.key})) {
    Log().info(note);
  }
  const int size = arguments.size == 0 ? info.input_size : arguments.size;
  onnx::export_model(model, arguments.output, {.image_size = size});
  fmt::print("{}: {}, images N x 3 x {} x {} to logits N x {}, {:.1f} MB\n", arguments.output,
             arguments.model, size, size, arguments.classes,
             static_cast<double>(std::filesystem::file_size(arguments.output)) / 1e6);
  return train::kSuccess;
}

}  // namespace

void add_export(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = program.add_subcommand("export", "Write a model as an ONNX file");
  command->add_option("-m,--model", arguments->model, "The model's name (imgcls models)")
      ->required();
  command->add_option("-w,--weights", arguments->weights, "Its weights: safetensors or .pth")
      ->required();
  add_key(*command, arguments->key);
  command->add_option("-o,--output", arguments->output, "The file to write")->required();
  command->add_option("--classes", arguments->classes, "Number of classes")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--size", arguments->size, "Side of the images; default: the model's own")
      ->check(CLI::PositiveNumber);
  command->footer(
      "The file has operator set 17. Any number of images goes in at once: float, normalized as "
      "in\n"
      "training. Weights of more than 2 GiB go to OUTPUT.data beside it.\n\n"
      "Example:\n"
      "  imgcls export -m resnet50 -w resnet50.pth -o resnet50.onnx");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return export_onnx(*arguments); }; });
}

}  // namespace imgcls::cli
