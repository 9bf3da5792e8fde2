// imgcls eval: exact top-1 and top-5 of a run's weights, or of given ones, and which classes are
// taken for which.
#include "commands.h"
#include "print.h"
#include "weights.h"

#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/utf8.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/dist/agree.h>
#include <imgcls/log/progress.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/eval_files.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/load_with_hint.h>
#include <imgcls/train/program.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/train/termination_signals.h>
#include <imgcls/train/trainer.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct EvalArguments {
  std::vector<std::string> config;
  std::string run, weights, key;
  std::string model, data, classes, output;
  int size = 0, resize = -1;
  bool flip = false, best = false;
};

/// A text as JSON, whose texts are UTF-8.
std::string quoted(std::string_view option, const std::string& text) {
  if (is_utf8(text)) return nlohmann::json(text).dump();
  throw ConfigError(fmt::format("{} {} is not UTF-8: give it another name, by a link for example",
                                option, quote_name(text)));
}

/// What --data stands for: a folder of classes or shards, or a list of images.
std::vector<std::string> data_overrides(const fs::path& data) {
  const auto all = [](const fs::path& root, const fs::path& part, std::string_view format) {
    const std::string name = quoted("--data", part.string());
    return std::vector<std::string>{"data.root=" + quoted("--data", root.string()),
                                    "data.train=" + name, "data.val=" + name,
                                    fmt::format("data.format={}", format)};
  };
  if (!fs::is_regular_file(data)) {
    return all(data, ".", data::holds_shards(data) ? "shards" : "folder");
  }
  return all(data.has_parent_path() ? data.parent_path() : ".", data.filename(), "list");
}

/// A model and images instead of a configuration: the one that they stand for.
void expand_model(EvalArguments& arguments) {
  if (arguments.data.empty() || arguments.weights.empty()) {
    throw ConfigError("--model wants --weights FILE and --data FOLDER or LIST");
  }
  const int size = arguments.size > 0 ? arguments.size : models::info(arguments.model).input_size;
  const int resize = arguments.resize >= 0 ? arguments.resize : data::usual_resize(size);
  std::vector<std::string> config = data_overrides(arguments.data);
  config.insert(config.end(),
                {"model.name=" + quoted("--model", arguments.model), "model.stem=imagenet",
                 fmt::format("eval.size={}", size), fmt::format("eval.resize={}", resize)});
  config.insert(config.end(), arguments.config.begin(), arguments.config.end());
  arguments.config = std::move(config);
}

/// A run's folder stands for its configuration and its weights.
void expand_run_folder(EvalArguments& arguments) {
  if (!arguments.run.empty()) arguments.config.insert(arguments.config.begin(), arguments.run);
  if (arguments.config.empty()) {
    throw ConfigError("give a run's folder, or --model MODEL --weights FILE --data FOLDER or LIST");
  }
  const fs::path first = arguments.config.front();
  const train::RunFiles files{first};
  if (!fs::is_directory(first)) {
    if (!arguments.weights.empty()) return;
    if (!fs::exists(first) && first.string().find('=') == std::string::npos) {
      throw ConfigError(fmt::format("there is no folder {}", first.string()));
    }
    throw ConfigError(fmt::format(
        "{} is not a run's folder; with configurations, give --weights FILE", first.string()));
  }
  arguments.config.front() = files.config().string();
  if (arguments.classes.empty() && fs::exists(files.classes())) {
    arguments.classes = files.classes().string();
  }
  if (!arguments.weights.empty()) return;
  const auto which = arguments.best ? train::RunWeights::best : train::RunWeights::newest;
  arguments.weights = train::weights_of_run(files, which, Log()).string();
}

/// What is evaluated.
struct Evaluation {
  train::RunOptions options;
  std::shared_ptr<const data::Source> source;
  models::Model model;
  std::unique_ptr<train::InputStage> input;
  std::unique_ptr<data::Loader> loader;
};

/// The images with the numbers that the model gives their classes: those of --classes or of the
/// run; ImageNet's, where the data's are some of them; else the data's own.
std::shared_ptr<const data::Source> with_model_classes(std::shared_ptr<const data::Source> source,
                                                       const EvalArguments& arguments) {
  if (!arguments.classes.empty()) {
    const auto classes = data::read_class_names(arguments.classes, data::Repeats::allowed);
    try {
      return data::with_classes(std::move(source), classes);
    } catch (const DataError& e) {
      throw DataError(fmt::format("{}: {}", arguments.classes, e.what()));
    }
  }
  const auto& imagenet = data::imagenet_classes();
  const bool of_imagenet = std::ranges::all_of(source->classes(), [&](const std::string& id) {
    return std::ranges::binary_search(imagenet, id, {}, &data::ClassName::id);
  });
  return of_imagenet ? data::with_classes(std::move(source), imagenet) : source;
}

/// Opens data and weights, on all ranks the same. Throws dist::AgreedError.
Evaluation open(const Config& config, const EvalArguments& arguments, dist::World& world) {
  const std::string& weights = arguments.weights;
  std::optional<Evaluation> subject;
  std::vector<dist::Field> fields;
  dist::agree(world, [&] {
    train::RunOptions options = train::run_options(config);
    if (options.data.threads == 0) options.data.threads = world.cores();
    train::configure_torch(options, world);
    if (arguments.flip) options.eval.flip = true;
    const auto source =
        with_model_classes(train::open_source(options.data, train::Split::val), arguments);
    train::require_labels_as_told(options, *source, "evaluation");
    const models::Model model = train::create_model(options, source->classes().size());
    const auto notes =
        train::load_with_hint(model, weights, {.key = arguments.key},
                              "it is for other classes than the data has; --classes FILE lists the "
                              "model's.");
    if (world.is_first()) {
      for (const std::string& note : notes) Log().info(note);
    }
    if (world.size() > 1) {  // hashes the weights
      fields = train::data_fields("evaluation", *source);
      for (auto& field : train::weights_fields(weights)) fields.push_back(std::move(field));
    }
    auto input = std::make_unique<train::InputStage>(options.data.normalization, world.device(),
                                                     options.channels_last);
    data::LoaderOptions loading = train::eval_loader_options(options, world.rank(), world.size());
    input->prepare(loading);
    subject = Evaluation{options, source, model, std::move(input),
                         std::make_unique<data::Loader>(source, std::move(loading))};
  });
  dist::require_equal(world, fields, "Give all ranks the same data and weights.");
  subject->model.to(world.device());
  if (subject->options.channels_last) subject->model.to_channels_last();
  return *std::move(subject);
}

/// Shows a line of progress meanwhile; a signal ends it, with a result of -1 images.
train::EvalCounts evaluate(const Evaluation& subject, const Log& log, dist::World& world,
                           train::EvalDetails& details) {
  const train::RunOptions& options = subject.options;
  const train::TerminationSignals signals;
  report::Progress progress(log, world.is_first() ? report::find_terminal() : report::Terminal{});
  const auto total = static_cast<std::int64_t>(subject.loader->batches_per_epoch());
  const auto start = std::chrono::steady_clock::now();
  const auto go_on = [&](std::size_t done) {
    if (progress.due()) {
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      const std::size_t images = std::min(subject.source->size(), done * options.eval.batch);
      progress.draw("evaluating", {.done = static_cast<std::int64_t>(done),
                                   .total = total,
                                   .images = static_cast<std::int64_t>(images),
                                   .seconds = took.count()});
    }
    return signals.received() == 0;
  };
  train::EvalCounts counts = train::evaluate(subject.model, *subject.loader, *subject.input, world,
                                             options.eval.flip, go_on, &details);
  progress.clear();
  return counts;
}

void print_accuracies(const train::EvalCounts& counts, const train::EvalDetails& details) {
  print("top-1  {:8.4f} %  {} right\n", counts.acc1(), counts.top1);
  print("top-5  {:8.4f} %  {} right\n", counts.acc5(), counts.top5);
  print("loss   {:>8.4f}\n", counts.loss());
  print("calibration error {:.4f}\n", details.calibration_error());
  if (const std::int64_t none = details.without_prediction(); none > 0) {
    print("{} images have no prediction: the model gives a NaN\n", none);
  }
}

void print_multi_label(const train::MultiLabelFigures& figures, double loss) {
  print("mAP       {:8.4f} %\n", 100 * figures.map());
  print("micro F1  {:8.4f} %  at a probability of 0.5\n", 100 * figures.micro_f1());
  print("macro F1  {:8.4f} %\n", 100 * figures.macro_f1());
  print("loss      {:>8.4f}\n", loss);
  if (const std::size_t none = figures.classes_without_images(); none > 0) {
    print("{} of {} classes have no image and are left out of mAP and macro F1\n", none,
          figures.classes.size());
  }
}

/// The files that write_eval_files has written there.
std::string written_files(const train::EvalCounts& counts, const train::EvalDetails& details) {
  if (counts.multi_label) return "eval.json, per_class.csv";
  return fmt::format("eval.json, per_class.csv, {}, confusion.png, mistakes.csv",
                     train::confusion_file(details));
}

int run(const Config& config, const EvalArguments& arguments, dist::World& world) {
  const Evaluation subject = open(config, arguments, world);
  const Log log;
  if (world.is_first()) {
    for (const std::string& remark : subject.source->remarks()) log.warn(remark);
  }
  train::EvalDetails details(subject.source->classes().size());
  const train::EvalCounts counts = evaluate(subject, log, world, details);
  const bool stopped = counts.images < 0;
  const int code = stopped ? train::kStopped : train::kSuccess;
  if (!world.is_first()) return code;
  if (stopped) {
    const int signal = train::TerminationSignals().received();
    log.warn(fmt::format("stopped by {}; there is no result", train::signal_name(signal)));
    return code;
  }
  print("{}\n", arguments.weights);
  print("images {}\n", counts.images);
  if (counts.multi_label) {
    print_multi_label(*counts.multi_label, counts.loss());
  } else {
    print_accuracies(counts, details);
  }
  const std::size_t skipped = subject.loader->skipped();
  if (skipped > 0) print("skipped {} unreadable images\n", skipped);
  if (!arguments.output.empty()) {
    train::write_eval_files(arguments.output, counts, details, *subject.source,
                            {.step = {}, .weights = arguments.weights});
    print("written: {}/{}\n", arguments.output, written_files(counts, details));
  }
  return code;
}

int run_eval(EvalArguments arguments) {
  try {
    if (arguments.model.empty()) {
      expand_run_folder(arguments);
    } else {
      expand_model(arguments);
    }
    arguments.weights = train::weights_at(arguments.weights, Log()).string();
  } catch (const std::exception& e) {
    Log().error(error_text(e));
    return train::kUsage;
  }
  return train::run_program(arguments.config, [&](const Config& config, dist::World& world) {
    return run(config, arguments, world);
  });
}

void add_options(CLI::App& command, EvalArguments& arguments) {
  command.add_option("RUN|CONFIG", arguments.config,
                     "A run's folder, or JSON files; then key.path=value overrides");
  auto* run = command.add_option("-r,--run", arguments.run, "A run's folder, before all others");
  auto* weights = command.add_option(
      "-w,--weights", arguments.weights,
      "Weights: safetensors, .pth, or a run's folder; default: the run's newest good checkpoint");
  add_key(command, arguments.key);
  auto* model = command
                    .add_option("-m,--model", arguments.model,
                                "A model's name, instead of a run: with --weights and --data")
                    ->excludes(run);
  command
      .add_option(
          "-d,--data", arguments.data,
          "The images: a folder with a subfolder for each class, or with shards, or a list\n"
          "of images and their classes (text or JSON)")
      ->needs(model);
  command.add_option("--size", arguments.size, "Side of the centre crop; default: the model's own")
      ->needs(model)
      ->check(CLI::PositiveNumber);
  command
      .add_option("--resize", arguments.resize,
                  "Shorter side before the crop; default: 256 / 224 of the crop")
      ->needs(model)
      ->check(CLI::NonNegativeNumber);
  command.add_option(
      "--classes", arguments.classes,
      "A text file with a class in each line, in the order of the model's numbers;\n"
      "default: the run's, ImageNet's where the folders are named so, or the data's");
  command.add_flag("--best", arguments.best, "A run's best weights, not its newest")
      ->excludes(weights)
      ->excludes(model);
  command.add_flag("--flip", arguments.flip, "Average with the mirror images");
  command.add_option("-o,--output", arguments.output,
                     "A folder for the counts (JSON), each class's accuracy, the confusion matrix\n"
                     "(CSV and PNG), and the worst mistakes (CSV and JPEG)");
}

}  // namespace

void add_eval(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = program.add_subcommand("eval", "Evaluate weights: exact top-1 and top-5");
  add_options(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  imgcls eval runs/demo\n"
      "  imgcls eval runs/demo -o runs/demo/eval\n"
      "  imgcls eval runs/demo --best\n"
      "  imgcls eval -m resnet50 -w resnet50.pth -d imagenet/val\n"
      "  imgcls eval -m resnet50 -w checkpoint.pth --key model_ema -d imagenet/val\n"
      "  imgcls eval -m resnet50 -w tags.safetensors -d tags/val.json \\\n"
      "      --classes tags/classes.txt data.multi_label=true loss.name=bce eval.metric=map\n"
      "  mpirun -np 2 imgcls eval runs/demo eval.batch=100\n"
      "  imgcls eval configs/data/cifar10.json configs/train/cifar10.json --weights w.safetensors");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_eval(*arguments); }; });
}

}  // namespace imgcls::cli
