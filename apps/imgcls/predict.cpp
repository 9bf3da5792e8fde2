// imgcls predict: what is in these images?
#include "commands.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/format.h>
#include <imgcls/predict/classifier.h>
#include <imgcls/report/csv_field.h>
#include <imgcls/report/progress.h>
#include <imgcls/train/program.h>
#include <imgcls/train/stop.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct PredictArguments {
  std::vector<std::string> inputs;
  std::string run, model, weights, classes;
  int top = 5, size = 0, resize = -1, batch = 32, threads = 0;
  bool flip = false, json = false, csv = false;
};

/// Files named, and those in folders named and below, sorted.
void add_input(const fs::path& input, std::vector<fs::path>& files) {
  if (!fs::is_directory(input)) {
    files.push_back(input);
    return;
  }
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(input)) {
    if (entry.is_regular_file() && data::is_image_name(entry.path().filename().string())) {
      found.push_back(entry.path());
    }
  }
  if (found.empty()) throw DataError(fmt::format("{} holds no image", input.string()));
  std::ranges::sort(found);
  files.insert(files.end(), found.begin(), found.end());
}

/// What standard input holds: an image, or a path in each line.
struct StandardInput {
  std::string text;

  bool is_image() const { return data::recognise(std::as_bytes(std::span(text))).has_value(); }
};

StandardInput read_standard_input() {
  return {{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()}};
}

void add_lines(const std::string& text, std::vector<fs::path>& files) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) add_input(line, files);
  }
}

Classifier make_classifier(const PredictArguments& arguments) {
  if (!arguments.run.empty()) return Classifier::from_run(arguments.run);
  if (arguments.model.empty() || arguments.weights.empty()) {
    throw ConfigError("say --run RUN, or --model MODEL and --weights FILE");
  }
  ClassifierOptions options{.model = arguments.model, .weights = arguments.weights};
  if (!arguments.classes.empty()) options.classes = data::read_class_names(arguments.classes);
  options.transform.size = arguments.size;
  options.transform.resize = arguments.resize;
  options.flip = arguments.flip;
  return Classifier(options);
}

/// Prints results as they come.
class Printer {
 public:
  Printer(const PredictArguments& arguments, const Classifier& classifier)
      : arguments_(arguments), classifier_(classifier) {
    if (arguments.csv) fmt::print("image,place,class,id,name,probability\n");
  }

  void print(const std::string& image, const std::vector<Prediction>& top) const {
    if (arguments_.json) return print_json(image, top);
    if (!arguments_.csv) fmt::print("{}\n", image);
    for (std::size_t i = 0; i < top.size(); ++i) {
      const auto& [label, probability] = top[i];
      const data::ClassName& name = classifier_.classes()[static_cast<std::size_t>(label)];
      if (arguments_.csv) {
        fmt::print("{},{},{},{},{},{:.6f}\n", report::csv_field(image), i + 1, label,
                   report::csv_field(name.id), report::csv_field(name.name),
                   without_nan_sign(probability));
      } else {
        fmt::print("  {:>6.2f} %  {}\n", without_nan_sign(100 * probability), name.name);
      }
    }
  }

 private:
  /// A line an image.
  void print_json(const std::string& image, const std::vector<Prediction>& top) const {
    nlohmann::json items = nlohmann::json::array();
    for (const auto& [label, probability] : top) {
      const data::ClassName& name = classifier_.classes()[static_cast<std::size_t>(label)];
      items.push_back(
          {{"class", label}, {"id", name.id}, {"name", name.name}, {"probability", probability}});
    }
    fmt::print("{}\n", nlohmann::json{{"image", image}, {"top", items}}.dump(
                           -1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  const PredictArguments& arguments_;
  const Classifier& classifier_;
};

int predict_files(const PredictArguments& arguments, const Classifier& classifier,
                  const std::vector<fs::path>& files) {
  const Log log;
  const Printer printer(arguments, classifier);
  const train::StopSignals signals;
  report::Progress progress(log, report::find_terminal());
  const auto start = std::chrono::steady_clock::now();
  const auto batch = static_cast<std::size_t>(arguments.batch);
  std::size_t broken = 0;
  for (std::size_t at = 0; at < files.size(); at += batch) {
    if (signals.received() != 0) {
      progress.clear();
      log.warn(fmt::format("stopped by a signal after {} of {} images", at, files.size()));
      return train::kStopped;
    }
    const std::span part = std::span(files).subspan(at, std::min(batch, files.size() - at));
    const auto results = classifier.classify(part, arguments.top, arguments.threads);
    progress.clear();
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (results[i].error.empty()) {
        printer.print(part[i].string(), results[i].top);
      } else {
        ++broken;
        log.error(results[i].error);
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto done = static_cast<std::int64_t>(at + part.size());
    if (progress.due() && at + part.size() < files.size()) {
      progress.draw("classifying", {.done = done,
                                    .total = static_cast<std::int64_t>(files.size()),
                                    .images = done,
                                    .seconds = took.count()});
    }
  }
  progress.clear();
  if (broken > 0) log.error(fmt::format("{} of {} images have no result", broken, files.size()));
  return broken == 0 ? train::kSuccess : train::kFailure;
}

int predict(const PredictArguments& arguments) {
  std::vector<fs::path> files;
  StandardInput standard_input;
  for (const std::string& input : arguments.inputs) {
    if (input != "-") {
      add_input(input, files);
    } else if (standard_input = read_standard_input(); !standard_input.is_image()) {
      add_lines(standard_input.text, files);
    }
  }
  const Classifier classifier = make_classifier(arguments);
  if (standard_input.is_image()) {
    const auto bytes = std::as_bytes(std::span(standard_input.text));
    Printer(arguments, classifier)
        .print("-", classifier.classify(bytes, "standard input", arguments.top));
  }
  return predict_files(arguments, classifier, files);
}

void add_options(CLI::App& command, PredictArguments& arguments) {
  command
      .add_option("IMAGES", arguments.inputs,
                  "Image files, folders of them, or - for standard input: an image, or a path in\n"
                  "each line")
      ->required();
  auto* run = command.add_option("-r,--run", arguments.run,
                                 "A run's folder: its newest good checkpoint and its classes");
  command.add_option("-m,--model", arguments.model, "The model's name (imgcls models)")
      ->excludes(run);
  command.add_option("-w,--weights", arguments.weights, "Its weights: safetensors or .pth")
      ->excludes(run);
  command
      .add_option("--classes", arguments.classes,
                  "A text file with a class in each line, its name after a tab; default:\n"
                  "ImageNet's thousand")
      ->excludes(run);
  command.add_option("--top", arguments.top, "How many classes of each image are printed")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--size", arguments.size, "Side of the centre crop; default: the model's own")
      ->excludes(run)
      ->check(CLI::PositiveNumber);
  command
      .add_option("--resize", arguments.resize,
                  "Shorter side before the crop, 0: not resized; default: 256 / 224 of the crop")
      ->excludes(run)
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--flip", arguments.flip, "Average with the mirror image")->excludes(run);
  command.add_option("--batch", arguments.batch, "Images computed at once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--threads", arguments.threads, "Decoding threads; 0: one for each core")
      ->check(CLI::NonNegativeNumber);
  auto* json = command.add_flag("--json", arguments.json, "Print JSON, a line for each image");
  command.add_flag("--csv", arguments.csv, "Print CSV, a line for each class")->excludes(json);
}

}  // namespace

void add_predict(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<PredictArguments>();
  CLI::App* command =
      program.add_subcommand("predict", "Classify images: the most probable classes of each");
  add_options(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  imgcls predict cat.jpg dog.jpg --run runs/pets\n"
      "  imgcls predict photos/ --model resnet50 --weights resnet50.pth --top 1 --csv > "
      "photos.csv\n"
      "  find . -name '*.jpg' | imgcls predict - --run runs/pets --json");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_reported([&] { return predict(*arguments); }); };
  });
}

}  // namespace imgcls::cli
