// imgcls weights init: the weights that a run starts from.
#include "commands.h"
#include "weights.h"

#include <imgcls/core/config.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <ATen/Context.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

struct WeightsInitArguments {
  std::string model, output;
  std::vector<std::string> overrides;
  std::optional<std::uint64_t> seed;
  std::size_t classes = 1000;
};

int run(const WeightsInitArguments& arguments) {
  // As a run makes its model, from a configuration; the data it asks for are not opened.
  std::vector<std::string> configuration{"data.root=."};
  configuration.insert(configuration.end(), arguments.overrides.begin(), arguments.overrides.end());
  configuration.push_back("model.name=" + arguments.model);
  const Config config = Config::load(configuration);
  const train::RunOptions options = train::run_options(config);
  const std::uint64_t seed = arguments.seed.value_or(options.seed);
  at::manual_seed(seed);
  const models::Model model = train::create_model(options, arguments.classes);
  const auto state = models::state(model);
  models::write_weights(arguments.output, state);
  fmt::print("{}: {} tensors of {}, {} trainable values, seed {}\n", arguments.output, state.size(),
             arguments.model, model.parameter_count(), seed);
  if (model.wants_image_fit()) {
    fmt::print("A run also computes some of these from its first images, before the first step.\n");
  }
  return train::kSuccess;
}

}  // namespace

void add_weights_init(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsInitArguments>();
  CLI::App* command =
      weights.add_subcommand("init", "Write the weights that a run with that seed starts from");
  command->add_option("MODEL", arguments->model, "The network, such as resnet50")->required();
  command->add_option("CONFIG", arguments->overrides,
                      "What else the run's configuration says of the model: JSON files, or "
                      "key.path=value overrides");
  command->add_option("--seed", arguments->seed, "The run's train.seed; default: CONFIG's, or 0");
  command->add_option("--classes", arguments->classes, "Classes of the data; default: 1000")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}));
  command->add_option("-o,--output", arguments->output, "NAME.safetensors or NAME.pth")->required();
  command->footer(
      "Examples:\n"
      "  imgcls weights init resnet50 --seed 0 -o start.safetensors\n"
      "  imgcls weights init resnet18 --seed 7 --classes 10 model.stem=small -o start.pth\n"
      "In Python: model.load_state_dict(torch.load(\"start.pth\")).");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
