// imgcls eval: exact top-1 and top-5 of a run's weights, or of given ones.
#include "commands.h"

#include <imgcls/core/error.h>
#include <imgcls/dist/agree.h>
#include <imgcls/models/weights.h>
#include <imgcls/report/progress.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/program.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/run_folder.h>
#include <imgcls/train/stop.h>
#include <imgcls/train/trainer.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct EvalArguments {
  std::vector<std::string> config;
  std::string weights;
};

/// A run's folder stands for its configuration and its newest good checkpoint.
void expand_run_folder(EvalArguments& arguments) {
  const fs::path first = arguments.config.front();
  const train::RunFiles files{first};
  if (!fs::is_directory(first)) {
    if (arguments.weights.empty()) {
      throw ConfigError(fmt::format(
          "{} is no run's folder; with configurations, say --weights FILE", first.string()));
    }
    return;
  }
  arguments.config.front() = files.config().string();
  if (!arguments.weights.empty()) return;
  const auto newest = train::Checkpoints(files.checkpoints(), 1).newest_good(Log());
  if (!newest) {
    throw CheckpointError(fmt::format("{} holds no usable checkpoint", first.string()));
  }
  arguments.weights = (*newest / "weights.safetensors").string();
}

/// What is evaluated.
struct Subject {
  train::RunOptions options;
  std::shared_ptr<const data::Source> source;
  models::Model model;
  std::unique_ptr<data::Loader> loader;
};

/// Opens data and weights, on all ranks the same. Throws dist::AgreedError.
Subject open(const Config& config, const std::string& weights, dist::World& world) {
  std::optional<Subject> subject;
  std::vector<dist::Field> fields;
  dist::agree(world, [&] {
    train::RunOptions options = train::run_options(config);
    if (options.data.threads == 0) options.data.threads = world.cores();
    train::configure_torch(options, world);
    const auto source = train::open_source(config, train::Split::val);
    const models::Model model = train::create_model(config, source->classes().size());
    models::load_weights(model, weights);
    if (world.size() > 1) {  // hashes the weights
      fields = train::data_fields("evaluation", *source);
      for (auto& field : train::weights_fields(weights)) fields.push_back(std::move(field));
    }
    subject = Subject{options, source, model,
                      std::make_unique<data::Loader>(
                          source, train::eval_loader_options(options, world.rank(), world.size()))};
  });
  dist::require_equal(world, fields, "Give all ranks the same data and weights.");
  subject->model.to(world.device());
  if (subject->options.channels_last) subject->model.to_channels_last();
  return *std::move(subject);
}

/// Shows a line of progress meanwhile; a signal ends it, with a result of -1 images.
train::EvalCounts evaluate(const Subject& subject, const Log& log, dist::World& world) {
  const train::RunOptions& options = subject.options;
  const train::StopSignals signals;
  const train::InputStage input(options.data.normalisation, world.device(), options.channels_last);
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
  const train::EvalCounts counts =
      train::evaluate(subject.model, *subject.loader, input, world, options.eval.flip, go_on);
  progress.clear();
  return counts;
}

int run(const Config& config, const std::string& weights, dist::World& world) {
  const Subject subject = open(config, weights, world);
  const Log log;
  const train::EvalCounts counts = evaluate(subject, log, world);
  const bool stopped = counts.images < 0;
  const int code = stopped ? train::kStopped : train::kSuccess;
  if (!world.is_first()) return code;
  if (stopped) {
    log.warn("stopped by a signal; there is no result");
    return code;
  }
  fmt::print("{}\n", weights);
  fmt::print("images {}\n", counts.images);
  fmt::print("top-1  {:8.4f} %  {} right\n", counts.acc1(), counts.top1);
  fmt::print("top-5  {:8.4f} %  {} right\n", counts.acc5(), counts.top5);
  fmt::print("loss   {:8.4f}\n", counts.loss());
  const std::size_t skipped = subject.loader->skipped();
  if (skipped > 0) fmt::print("skipped {} unreadable images\n", skipped);
  return code;
}

int run_eval(EvalArguments arguments) {
  try {
    expand_run_folder(arguments);
  } catch (const Error& e) {
    Log().error(e.what());
    return train::kUsage;
  }
  return train::run_program(arguments.config, [&](const Config& config, dist::World& world) {
    return run(config, arguments.weights, world);
  });
}

}  // namespace

void add_eval(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = program.add_subcommand("eval", "Evaluate weights: exact top-1 and top-5");
  command
      ->add_option("RUN|CONFIG", arguments->config,
                   "A run's folder, or JSON files; then key.path=value overrides")
      ->required();
  command->add_option("-w,--weights", arguments->weights,
                      "Weights (safetensors); default: the run's newest good checkpoint");
  command->footer(
      "Examples:\n"
      "  imgcls eval runs/demo\n"
      "  mpirun -np 2 imgcls eval runs/demo eval.batch=100\n"
      "  imgcls eval configs/data/cifar10.json configs/train/cifar10.json --weights w.safetensors");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_eval(*arguments); }; });
}

}  // namespace imgcls::cli
