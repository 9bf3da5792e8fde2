// imgcls predict: what is in these images?
#include "commands.h"
#include "image_inputs.h"
#include "weights.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/image/image_format.h>
#include <imgcls/log/csv_field.h>
#include <imgcls/log/progress.h>
#include <imgcls/predict/classifier.h>
#include <imgcls/train/program.h>
#include <imgcls/train/termination_signals.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct PredictArguments {
  std::vector<std::string> inputs;
  std::string run, model, weights, key, classes;
  int top = 5, size = 0, resize = -1, batch = 32, threads = 0;
  std::optional<double> threshold;
  bool top_is_given = false;
  bool flip = false, best = false, multi_label = false, json = false, csv = false;
};

/// What standard input holds: an image, or a path in each line.
struct StandardInput {
  std::string text;

  bool is_image() const { return data::recognize(std::as_bytes(std::span(text))).has_value(); }
};

StandardInput read_standard_input() {
  return {{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()}};
}

Classifier make_classifier(const PredictArguments& arguments) {
  if (!arguments.run.empty()) {
    return Classifier::from_run(
        arguments.run, Log(), arguments.best ? train::RunWeights::best : train::RunWeights::newest);
  }
  if (arguments.model.empty() || arguments.weights.empty()) {
    throw ConfigError("give --run RUN, or --model MODEL and --weights FILE");
  }
  ClassifierOptions options{
      .model = arguments.model, .weights = arguments.weights, .key = arguments.key};
  if (!arguments.classes.empty()) options.classes = data::read_class_names(arguments.classes);
  options.transform.size = arguments.size;
  options.transform.resize = arguments.resize;
  options.flip = arguments.flip;
  options.multi_label = arguments.multi_label;
  try {
    return Classifier(options);
  } catch (const WeightsError& e) {
    if (arguments.classes.empty()) throw;
    throw WeightsError(fmt::format("{}\n{} lists {} classes; give a file with the model's classes",
                                   e.what(), arguments.classes, options.classes.size()));
  }
}

/// Prints results as they come.
class Printer {
 public:
  Printer(const PredictArguments& arguments, const Classifier& classifier)
      : arguments_(arguments), classifier_(classifier) {
    if (arguments.csv) fmt::print("image,place,class,id,name,probability\n");
  }

  /// `found` are the most probable classes, of which those above the threshold are printed.
  void print(const std::string& image, std::span<const Prediction> found) const {
    const std::span<const Prediction> top = found.first(above_threshold(found));
    if (arguments_.json) return print_json(image, top);
    if (!arguments_.csv) fmt::print("{}\n", quote_name(image));
    for (std::size_t i = 0; i < top.size(); ++i) {
      const auto& [label, probability] = top[i];
      const data::ClassName& name = classifier_.classes()[static_cast<std::size_t>(label)];
      if (arguments_.csv) {
        fmt::print("{},{},{},{},{},{:.6f}\n", report::csv_name(image), i + 1, label,
                   report::csv_name(name.id), report::csv_name(name.name),
                   without_nan_sign(probability));
      } else {
        fmt::print("  {:>6.2f} %  {}\n", without_nan_sign(100 * probability),
                   quote_name(name.name));
      }
    }
  }

 private:
  std::size_t above_threshold(std::span<const Prediction> found) const {
    if (!arguments_.threshold) return found.size();
    const auto end = std::ranges::find_if(
        found, [&](const Prediction& each) { return !(each.probability > *arguments_.threshold); });
    return static_cast<std::size_t>(end - found.begin());
  }

  /// A line an image.
  void print_json(const std::string& image, std::span<const Prediction> top) const {
    nlohmann::json items = nlohmann::json::array();
    for (const auto& [label, probability] : top) {
      const data::ClassName& name = classifier_.classes()[static_cast<std::size_t>(label)];
      items.push_back({{"class", label},
                       {"id", quote_name(name.id)},
                       {"name", quote_name(name.name)},
                       {"probability", probability}});
    }
    fmt::print("{}\n", nlohmann::json{{"image", quote_name(image)}, {"top", items}}.dump());
  }

  const PredictArguments& arguments_;
  const Classifier& classifier_;
};

/// Classifies images, and goes on after those that it cannot.
class Job {
 public:
  explicit Job(const PredictArguments& arguments)
      : arguments_(arguments),
        classifier_(make_classifier(arguments)),
        printer_(arguments, classifier_),
        top_(arguments.threshold && !arguments.top_is_given
                 ? static_cast<int>(classifier_.classes().size())
                 : arguments.top) {}

  /// A folder that could not be read, or part of one.
  void report_folder(const std::string& error) {
    ++folders_;
    log_.error(error);
  }

  void classify_bytes(std::string_view text) {
    ++images_;
    try {
      printer_.print("-",
                     classifier_.classify(std::as_bytes(std::span(text)), "standard input", top_));
    } catch (const Error& e) {
      report_image(e.what());
    }
  }

  /// The exit code.
  int classify(std::span<const fs::path> files) {
    const train::TerminationSignals signals;
    const auto batch = static_cast<std::size_t>(arguments_.batch);
    images_ += files.size();
    for (std::size_t at = 0; at < files.size(); at += batch) {
      if (signals.received() != 0) {
        progress_.clear();
        log_.warn(fmt::format("stopped by {} after {} of {} images",
                              train::signal_name(signals.received()), at, files.size()));
        return train::kStopped;
      }
      const std::size_t end = std::min(at + batch, files.size());
      classify_batch(files.subspan(at, end - at));
      if (end < files.size()) draw(end, files.size());
    }
    progress_.clear();
    if (broken_ > 0) {
      log_.error(fmt::format("{} of {} images have no result", broken_, images_));
    }
    if (folders_ > 0) log_.error(fmt::format("{} folders could not be read", folders_));
    return broken_ + folders_ == 0 ? train::kSuccess : train::kFailure;
  }

 private:
  void report_image(const std::string& error) {
    ++broken_;
    progress_.clear();
    log_.error(error);
  }

  void classify_batch(std::span<const fs::path> files) {
    const auto results = classifier_.classify(files, top_, arguments_.threads);
    progress_.clear();
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (results[i].error.empty()) {
        printer_.print(files[i].string(), results[i].top);
      } else {
        report_image(results[i].error);
      }
    }
  }

  void draw(std::size_t done, std::size_t total) {
    if (!progress_.due()) return;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
    progress_.draw("classifying", {.done = static_cast<std::int64_t>(done),
                                   .total = static_cast<std::int64_t>(total),
                                   .images = static_cast<std::int64_t>(done),
                                   .seconds = took.count()});
  }

  const PredictArguments& arguments_;
  const Log log_;
  const Classifier classifier_;
  const Printer printer_;
  const int top_;  // classes that are asked for
  report::Progress progress_{log_, report::find_terminal()};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t images_ = 0, broken_ = 0, folders_ = 0;
};

int predict(const PredictArguments& arguments) {
  ImageInputs inputs;
  StandardInput standard_input;
  for (const std::string& input : arguments.inputs) {
    if (input != "-") {
      inputs.add(input);
    } else if (standard_input = read_standard_input(); !standard_input.is_image()) {
      inputs.add_lines(standard_input.text);
    }
  }
  Job job(arguments);
  for (const std::string& error : inputs.errors) job.report_folder(error);
  if (standard_input.is_image()) job.classify_bytes(standard_input.text);
  return job.classify(inputs.files);
}

void add_options(CLI::App& command, PredictArguments& arguments) {
  command
      .add_option("IMAGES", arguments.inputs,
                  "Image files, folders of them, or - for standard input: an image, or a path in\n"
                  "each line")
      ->required();
  auto* run = command.add_option("-r,--run", arguments.run,
                                 "A run's folder: its newest good checkpoint and its classes");
  command.add_flag("--best", arguments.best, "Its best weights, not its newest")->needs(run);
  command.add_option("-m,--model", arguments.model, "The model's name (imgcls models)")
      ->excludes(run);
  command.add_option("-w,--weights", arguments.weights, kItsWeights)->excludes(run);
  add_key(command, arguments.key)->excludes(run);
  command
      .add_option("--classes", arguments.classes,
                  "A text file with a class in each line, its name after a tab; default:\n"
                  "ImageNet's thousand")
      ->excludes(run);
  command.add_option("--top", arguments.top, "How many classes of each image are printed")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      .add_option("--threshold", arguments.threshold,
                  "Print all classes with a probability above this, or as many of them as --top "
                  "says:\nwhat multi-label models are asked")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_flag("--multi-label", arguments.multi_label,
                "Each class has a probability of its own (sigmoid); of a run that is known")
      ->excludes(run);
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
      "  imgcls predict photos/ --run runs/tags --threshold 0.5 --json\n"
      "  find . -name '*.jpg' | imgcls predict - --run runs/pets --json");
  command->callback([arguments, command, &chosen] {
    arguments->top_is_given = command->count("--top") > 0;
    chosen = [arguments] { return predict(*arguments); };
  });
}

}  // namespace imgcls::cli
