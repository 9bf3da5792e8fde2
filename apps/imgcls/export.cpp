// imgcls export: a model as an ONNX file.
#include "commands.h"
#include "weights.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/onnx/export.h>
#include <imgcls/train/program.h>
#include <imgcls/train/trained_run.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace imgcls::cli {
namespace {

struct ExportArguments {
  std::string run, model, weights, key, output;
  int classes = 1000;
  int size = 0;
  bool best = false;
};

/// What is written.
struct Exported {
  models::Model model;
  std::size_t classes;
  onnx::ExportOptions options;
};

/// All that a program needs besides the network, as JSON values: the classes' names, and what is
/// done to an image. Texts as they are.
std::vector<std::pair<std::string, std::string>> metadata(const train::TrainedRun& run) {
  const nlohmann::json& data = run.config.json().at("data");
  const nlohmann::json& eval = run.config.json().at("eval");
  nlohmann::json names = nlohmann::json::array(), ids = nlohmann::json::array();
  for (const data::ClassName& name : run.classes) {
    names.push_back(quote_name(name.name));
    ids.push_back(quote_name(name.id));
  }
  return {{"model", run.model.name()},
          {"activation", run.options.data.multi_label ? "sigmoid" : "softmax"},
          {"classes", names.dump()},
          {"class_ids", ids.dump()},
          {"resize", eval.at("resize").dump()},
          {"size", eval.at("size").dump()},
          {"interpolation", eval.at("interpolation").get<std::string>()},
          {"channels", data.at("channels").dump()},
          {"bits", data.at("bits").dump()},
          {"mean", data.at("mean").dump()},
          {"std", data.at("std").dump()}};
}

Exported of_run(const ExportArguments& arguments) {
  const auto which = arguments.best ? train::RunWeights::best : train::RunWeights::newest;
  const train::TrainedRun run = train::open_run(arguments.run, which, Log());
  return {run.model,
          run.classes.size(),
          {.image_size = run.options.eval.transform.size, .metadata = metadata(run)}};
}

Exported of_weights(const ExportArguments& arguments) {
  if (arguments.model.empty() || arguments.weights.empty()) {
    throw ConfigError("give --run RUN, or --model MODEL and --weights FILE");
  }
  const models::ModelInfo& info = models::info(arguments.model);
  const models::Model model = models::create(arguments.model, {.classes = arguments.classes});
  const std::filesystem::path weights = train::weights_at(arguments.weights, Log());
  for (const std::string& note : models::load_weights(model, weights, {.key = arguments.key})) {
    Log().info(note);
  }
  const int size = arguments.size == 0 ? info.input_size : arguments.size;
  return {model,
          static_cast<std::size_t>(arguments.classes),
          {.image_size = size,
           .metadata = {{"model", arguments.model}, {"size", fmt::format("{}", size)}}}};
}

int export_onnx(const ExportArguments& arguments) {
  const Exported subject = arguments.run.empty() ? of_weights(arguments) : of_run(arguments);
  onnx::export_model(subject.model, arguments.output, subject.options);
  const int size = subject.options.image_size;
  fmt::print("{}: {}, images N x {} x {} x {} to logits N x {}, {:.1f} MB\n", arguments.output,
             subject.model.name(), models::channels_of(subject.model), size, size, subject.classes,
             static_cast<double>(std::filesystem::file_size(arguments.output)) / 1e6);
  return train::kSuccess;
}

void add_options(CLI::App& command, ExportArguments& arguments) {
  auto* run = command.add_option(
      "-r,--run", arguments.run,
      "A run's folder: its newest good checkpoint, and all that the file says of classes and "
      "images");
  command.add_flag("--best", arguments.best, "Its best weights, not its newest")->needs(run);
  command.add_option("-m,--model", arguments.model, "The model's name (imgcls models)")
      ->excludes(run);
  command.add_option("-w,--weights", arguments.weights, kItsWeights)->excludes(run);
  add_key(command, arguments.key)->excludes(run);
  command.add_option("-o,--output", arguments.output, "The file to write")->required();
  command.add_option("--classes", arguments.classes, "Number of classes")
      ->excludes(run)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--size", arguments.size, "Side of the images; default: the model's own")
      ->excludes(run)
      ->check(CLI::PositiveNumber);
}

}  // namespace

void add_export(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = program.add_subcommand("export", "Write a model as an ONNX file");
  add_options(*command, *arguments);
  command->footer(
      "The file has operator set 17. Any number of images goes in at once: float, normalized as "
      "in\n"
      "training. A run's file also says how (docs/models.md, Export) and what the classes are "
      "called.\n"
      "Weights of more than 2 GiB go to OUTPUT.data beside it.\n\n"
      "Examples:\n"
      "  imgcls export --run runs/pets -o pets.onnx\n"
      "  imgcls export -m resnet50 -w resnet50.pth -o resnet50.onnx");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return export_onnx(*arguments); }; });
}

}  // namespace imgcls::cli
