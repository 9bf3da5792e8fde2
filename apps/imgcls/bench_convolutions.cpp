// imgcls bench convolutions: a network's convolutions one by one, imgcls' code beside oneDNN's.
#include "bench_convolutions.h"

#include "convolution_times.h"
#include "print.h"

#include <imgcls/core/config.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls::cli {
namespace {

struct ConvolutionBenchArguments {
  std::string model;
  std::vector<std::string> overrides;
  int batch = 16, size = 0, threads = 0, calls = 5;
  bool json = false;
};

using kernels::UsedConvolution;

/// A convolution and what its parts take.
struct Row {
  UsedConvolution convolution;
  std::vector<PartTimes> parts;
};

/// Seconds of all convolutions of a step.
struct Totals {
  double chosen = 0, onednn = 0, fastest = 0;
};

constexpr std::string_view text_of(kernels::Part part) {
  switch (part) {
    case kernels::Part::forward:
      return "forward";
    case kernels::Part::input_gradient:
      return "input gradient";
    case kernels::Part::weight_gradient:
      return "weight gradient";
  }
  return "";
}

Totals totals_of(const std::vector<Row>& rows) {
  Totals totals;
  for (const Row& row : rows) {
    for (const PartTimes& part : row.parts) {
      totals.chosen += row.convolution.count * part.chosen();
      totals.onednn += row.convolution.count * part.onednn;
      totals.fastest +=
          row.convolution.count * std::min(part.onednn, part.own.value_or(part.onednn));
    }
  }
  return totals;
}

/// "3", or "1x7" where its sides differ.
std::string both(std::int64_t down, std::int64_t across) {
  return down == across ? fmt::format("{}", down) : fmt::format("{}x{}", down, across);
}

std::string kernel_of(const UsedConvolution& c) {
  std::string text = both(c.weight[2], c.weight[3]) + ", " + both(c.stride[0], c.stride[1]);
  if (c.groups > 1) text += fmt::format(", {} groups", c.groups);
  if (c.dilation[0] != 1 || c.dilation[1] != 1) {
    text += ", dilation " + both(c.dilation[0], c.dilation[1]);
  }
  return text;
}

void print_row(const Row& row) {
  const UsedConvolution& c = row.convolution;
  const double operations = 1e-9 * c.operations();
  for (const PartTimes& part : row.parts) {
    const std::string own =
        part.own ? fmt::format("{:.2f} | {:.0f}", 1e3 * *part.own, operations / *part.own) : "| ";
    print("| {} | {} -> {} | {} | {} | {} | {} | {:.2f} | {:.0f} | {} |\n",
          both(c.input[2], c.input[3]), c.input[1], c.weight[0], kernel_of(c), c.count,
          text_of(part.part), own, 1e3 * part.onednn, operations / part.onednn,
          part.taken ? "imgcls" : "oneDNN");
  }
}

void print_table(const ConvolutionBenchArguments& arguments, double peak,
                 const std::vector<Row>& rows) {
  print(
      "{}, {} images of {} x {}, fp32, {} threads; peak {:.0f} GFLOP/s (AVX2's multiply-adds, "
      "measured)\n\n"
      "| pixels | channels | kernel, stride | times | part | imgcls ms | GFLOP/s | oneDNN ms | "
      "GFLOP/s | taken |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
      arguments.model, arguments.batch, arguments.size, arguments.size, at::get_num_threads(),
      peak);
  for (const Row& row : rows) print_row(row);
  const Totals totals = totals_of(rows);
  print(
      "\nAll of a step: {:.1f} ms as taken, {:.1f} ms by oneDNN alone ({:.2f} times as long), "
      "{:.1f} "
      "ms with the faster of both everywhere.\n",
      1e3 * totals.chosen, 1e3 * totals.onednn, totals.onednn / totals.chosen,
      1e3 * totals.fastest);
}

void print_json(const ConvolutionBenchArguments& arguments, double peak,
                const std::vector<Row>& rows) {
  auto all = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    const UsedConvolution& c = row.convolution;
    auto parts = nlohmann::ordered_json::array();
    for (const PartTimes& part : row.parts) {
      nlohmann::ordered_json json{{"part", text_of(part.part)},
                                  {"imgcls_ms", nullptr},
                                  {"onednn_ms", 1e3 * part.onednn},
                                  {"taken", part.taken ? "imgcls" : "onednn"}};
      if (part.own) json["imgcls_ms"] = 1e3 * *part.own;
      parts.push_back(std::move(json));
    }
    all.push_back({{"input", c.input},
                   {"weight", c.weight},
                   {"stride", c.stride},
                   {"padding", c.padding},
                   {"dilation", c.dilation},
                   {"groups", c.groups},
                   {"times", c.count},
                   {"gflop", 1e-9 * c.operations()},
                   {"parts", std::move(parts)}});
  }
  const Totals totals = totals_of(rows);
  const nlohmann::ordered_json json{{"model", arguments.model},
                                    {"batch", arguments.batch},
                                    {"size", arguments.size},
                                    {"threads", at::get_num_threads()},
                                    {"calls", arguments.calls},
                                    {"peak_gflops", peak},
                                    {"step_ms", 1e3 * totals.chosen},
                                    {"onednn_step_ms", 1e3 * totals.onednn},
                                    {"fastest_step_ms", 1e3 * totals.fastest},
                                    {"convolutions", std::move(all)}};
  print("{}\n", json.dump());
}

int run(ConvolutionBenchArguments arguments) {
  std::vector<std::string> words{"data.root=."};
  words.insert(words.end(), arguments.overrides.begin(), arguments.overrides.end());
  words.push_back("model.name=" + arguments.model);
  if (arguments.size > 0) words.push_back(fmt::format("augment.size={}", arguments.size));
  const train::RunOptions options = train::run_options(Config::load(words));
  models::Model model = train::create_model(options, 1000);
  if (!kernels::can_convolve_fast()) {
    throw ConfigError(
        "imgcls' own convolutions need AVX2 with fused multiply-add, which this processor lacks; "
        "nothing is there to compare");
  }
  arguments.size = options.augment.size;
  at::set_num_threads(arguments.threads > 0 ? arguments.threads : usable_cores());
  model.to_channels_last();
  model.train();
  const at::Tensor images =
      at::randn({arguments.batch, models::channels_of(model), arguments.size, arguments.size})
          .contiguous(at::MemoryFormat::ChannelsLast);
  if (model.wants_image_fit()) model.fit_to_images(images);
  std::vector<Row> rows;
  const at::NoGradGuard no_gradients;
  for (UsedConvolution& convolution :
       kernels::convolutions_of(images, [&] { model.forward(images); })) {
    std::vector<PartTimes> parts = measure(convolution, arguments.calls);
    rows.push_back({std::move(convolution), std::move(parts)});
  }
  const double peak = kernels::peak_gflops();  // now that each thread has a core of its own
  arguments.json ? print_json(arguments, peak, rows) : print_table(arguments, peak, rows);
  return train::kSuccess;
}

}  // namespace

void add_bench_convolutions(CLI::App& bench, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ConvolutionBenchArguments>();
  CLI::App* command = bench.add_subcommand(
      "convolutions", "A network's convolutions on the CPU, imgcls' code beside oneDNN's");
  command->add_option("MODEL", arguments->model, "The network, such as resnet50")->required();
  command->add_option("CONFIG", arguments->overrides,
                      "What else a run's configuration says of the model: JSON files, or\n"
                      "key.path=value overrides");
  command->add_option("--batch", arguments->batch, "Images")
      ->check(CLI::Range(2, 65536))
      ->capture_default_str();
  command
      ->add_option("--size", arguments->size, "Their side; default: CONFIG's augment.size, or 224")
      ->check(CLI::Range(1, 4096));
  command->add_option("--threads", arguments->threads, "Default: all cores")
      ->check(CLI::Range(1, 1024));
  command->add_option("--calls", arguments->calls, "The least of so many calls is printed")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print one JSON object");
  command->footer(
      "Runs the network once, as in training, and measures each kind of convolution that it "
      "computes, with\nnoise: `times` says how often a step computes it. `taken` is what a run "
      "with "
      "train.fast_convolutions=on\ncomputes it by. GFLOP/s count a direct sum's operations, so "
      "Winograd's algorithm may exceed the peak.\n\n"
      "oneDNN uses AVX-512 where there is some. To compare on AVX2:\n"
      "  ONEDNN_MAX_CPU_ISA=AVX2 imgcls bench convolutions resnet50 --size 176\n\n"
      "Examples:\n"
      "  imgcls bench convolutions resnet50 --batch 32 --size 176\n"
      "  imgcls bench convolutions resnet18 model.stem=small --batch 64 --size 32 --threads 1\n"
      "  imgcls bench convolutions airbench configs/train/cifar10.json --batch 512 --json");
  command->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace imgcls::cli
