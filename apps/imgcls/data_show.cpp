// imgcls data show: training images as they reach the network, and what was done to each.
#include "data.h"
#include "data_page.h"

#include <imgcls/augment/pixel_mix.h>
#include <imgcls/augment/policies.h>
#include <imgcls/augment/training_plan.h>
#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/grey16.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

struct ShowArguments {
  std::vector<std::string> config;
  std::string output = "augmented.html";
  std::size_t images = 64;
  std::uint32_t epoch = 0;
  bool speed = false;
};

/// The time that an operation took, over all images that had it.
struct OperationTime {
  double seconds = 0;
  std::size_t images = 0;
};
using OperationTimes = std::map<std::string, OperationTime>;

std::string told(const data::PixelStep& step);

/// "mix 0.25 of itself + 0.75 of rotate 12.3, equalize".
std::string told(const data::PixelMix& mix) {
  std::string text = fmt::format("mix {:.3g} of itself", mix.own);
  for (const auto& [share, steps] : mix.parts) {
    const char* between = " of ";
    text += fmt::format(" + {:.3g}", share);
    for (const data::PixelStep& step : steps) {
      text += between + told(step);
      between = ", ";
    }
  }
  return text;
}

/// "rotate 12.3".
std::string told(const data::PixelStep& step) {
  if (step.settings.mix) return told(*step.settings.mix);
  const data::PixelOperation& operation = *step.operation;
  return operation.has_magnitude() ? fmt::format("{} {:.3g}", operation.name, step.magnitude)
                                   : operation.name;
}

/// What is done, in order: which part of the image is used, its border, flip, operations.
std::string told(const data::Plan& plan) {
  std::string text = fmt::format("{} x {} at {}, {}", plan.region.width, plan.region.height,
                                 plan.region.x, plan.region.y);
  if (plan.has_border()) text += fmt::format("; moved by {}, {}", plan.window.x, plan.window.y);
  if (plan.flip) text += "; flipped";
  for (const data::PixelStep& step : plan.steps) text += "; " + told(step);
  return text;
}

/// The plan of each view alone.
std::vector<data::Plan> split(const data::Plan& plan) {
  if (plan.views.empty()) return {plan};
  std::vector<data::Plan> plans;
  for (const data::View& view : plan.views) {
    plans.push_back(plan);
    plans.back().views.clear();
    plans.back().steps = view.steps;
  }
  return plans;
}

/// The plan's operations once more, each by itself.
void time_steps(const data::Plan& plan, const data::Image& image, OperationTimes& times) {
  data::Plan before = plan;
  before.steps.clear();
  const data::Size size{plan.window.width, plan.window.height};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.width) * size.height * 3), spare;
  data::apply(before, image, pixels);
  for (const data::PixelStep& step : plan.steps) {
    const auto begin = std::chrono::steady_clock::now();
    data::apply_steps({&step, 1}, data::PixelCanvas(size, pixels, spare));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    OperationTime& time = times[step.operation->name];
    time.seconds += taken.count();
    ++time.images;
  }
}

void print_times(const OperationTimes& times) {
  fmt::print("{:<20} {:>8} {:>12}\n", "operation", "images", "us an image");
  for (const auto& [name, time] : times) {
    fmt::print("{:<20} {:>8} {:>12.1f}\n", name, time.images,
               1e6 * time.seconds / static_cast<double>(time.images));
  }
  if (times.empty()) fmt::print("no image had an operation: see augment.policy\n");
}

/// As a network of one channel is shown it.
void make_grey(data::Image& image) {
  std::vector<std::uint8_t> spare;
  const data::PixelStep step = data::pixel_step("grayscale", 0);
  data::apply_steps({&step, 1}, data::PixelCanvas(image.size, image.pixels, spare));
}

/// The loader of a run on one rank, whose first batch is what is shown.
data::LoaderOptions loading_of(const train::RunOptions& run, std::size_t images,
                               std::size_t samples) {
  train::RunOptions one = run;
  one.accumulate = 1;
  one.mix.kinds.clear();  // what mixes images needs an even number of them
  one.batch = std::min(images, one.epoch_size > 0 ? one.epoch_size : samples);
  return train::train_loader_options(one, /*rank=*/0, /*world=*/1);
}

/// What a sample is labelled: its class, or all that it has.
std::string label_text(const data::Source& source, std::uint64_t sample, std::int64_t label) {
  const auto labels = source.label_set(static_cast<std::size_t>(sample));
  std::vector<std::string> names;
  for (const std::int64_t each : labels.value_or(std::vector{label})) {
    names.push_back(quote_name(source.classes()[static_cast<std::size_t>(each)]));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

int show_images(const ShowArguments& arguments) {
  const Config config = Config::load(arguments.config);
  const train::RunOptions run = train::run_options(config);
  check_replaceable(arguments.output);
  const auto source = train::open_source(run.data, train::Split::train);
  const data::LoaderOptions options = loading_of(run, arguments.images, source->size());
  data::Loader loader(source, options);
  loader.start(arguments.epoch);
  const data::Batch& batch = *loader.next();

  const data::AugmentOptions augment = options.transform_at
                                           ? options.transform_at(arguments.epoch)
                                           : std::get<data::AugmentOptions>(options.transform);
  const auto policy = data::make_policy(augment);
  DataPage page(fmt::format("{} of {} training images, epoch {}", batch.size, source->size(),
                            arguments.epoch + 1));
  std::map<std::uint64_t, std::uint32_t> turns;
  OperationTimes times;
  const std::size_t bytes = static_cast<std::size_t>(batch.side) * batch.side * 3;
  auto pixels = batch.images.begin();
  for (std::size_t i = 0; i < batch.size; ++i) {
    const std::uint64_t sample = batch.samples[i];
    const data::Image original = data::read_image(*source, sample);
    const data::Plan plan = data::plan_training(original.size, augment, policy.get(),
                                                {.seed = options.seed,
                                                 .epoch = arguments.epoch,
                                                 .sample = sample,
                                                 .turn = turns[sample]++});
    for (const data::Plan& view : split(plan)) {
      if (arguments.speed) time_steps(view, original, times);
      const auto first = pixels;
      pixels += static_cast<std::ptrdiff_t>(bytes);
      data::Image shown{
          .size = {batch.side, batch.side}, .pixels = {first, pixels}, .bits = batch.bits};
      data::to_bits(shown, 8);
      if (run.data.normalization.channels == 1) make_grey(shown);
      page.add({.before = data::thumbnail_jpeg(original, /*side=*/160),
                .after = data::encode_png(shown),
                .name = quote_name(source->name(sample)),
                .label = label_text(*source, sample, batch.labels[i]),
                .told = told(view)});
    }
  }
  replace_file(arguments.output, page.html());
  fmt::print("{}: {} images of {} x {} pixels\n", arguments.output, batch.size, batch.side,
             batch.side);
  if (arguments.speed) print_times(times);
  return train::kSuccess;
}

}  // namespace

void add_data_show(CLI::App& parent, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command =
      parent.add_subcommand("show", "Training images as they reach the network, as a page");
  command->add_option("CONFIG", arguments->config, "JSON files; then key.path=value overrides")
      ->required();
  command->add_option("-o,--output", arguments->output, "The page to write")->capture_default_str();
  command->add_option("-n,--images", arguments->images, "How many images")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--epoch", arguments->epoch, "Of which epoch, counted from 0")
      ->capture_default_str();
  command->add_flag("--speed", arguments->speed, "Print the time of each pixel operation");
  command->footer(
      "Shows each image before and after crop, flip, augment.policy and augment.operations, and\n"
      "says what was drawn for it: the same as in a run with this configuration. What is done\n"
      "to batches on the device (mix.kinds, erase.prob) is not shown.\n\n"
      "Examples:\n"
      "  imgcls data show configs/data/cifar10.json configs/train/cifar10.json\n"
      "  imgcls data show config.json augment.policy=rand_augment --images 16 -o rand.html\n"
      "  imgcls data show config.json augment.policy=trivial_augment_wide --speed");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return show_images(*arguments); }; });
}

}  // namespace imgcls::cli
