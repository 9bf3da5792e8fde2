// imgcls bench: measures parts of the library on the machine at hand.
#include "bench_convolutions.h"
#include "bench_data.h"
#include "bench_step.h"
#include "commands.h"

#include <imgcls/augment/policies.h>
#include <imgcls/core/config.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/core/process.h>
#include <imgcls/data/shard_folder.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

constexpr std::size_t kUsualBatch = 64;

const std::map<std::string, data::Interpolation> kInterpolations = {
    {"bilinear", data::Interpolation::bilinear},
    {"bicubic", data::Interpolation::bicubic},
    {"bilinear_no_antialias", data::Interpolation::bilinear_no_antialias},
};

const std::string& name_of(data::Interpolation interpolation) {
  return std::ranges::find(kInterpolations, interpolation,
                           &std::pair<const std::string, data::Interpolation>::second)
      ->first;
}

const char* text_of(data::CropKind crop) {
  switch (crop) {
    case data::CropKind::pad:
      return "padded and cropped";
    case data::CropKind::none:
      return "resized";
    default:
      return "random crop";
  }
}

struct DataBenchArguments {
  std::vector<std::string> config;
  std::filesystem::path root, index;
  std::string image_key, interpolation = "bilinear";
  DataBenchOptions options{.threads = 0, .batch = 0};  // 0: as many as there are, as is usual
  bool json = false;
};

nlohmann::ordered_json to_json(const DataBenchResult& result) {
  return {
      {"threads", result.threads},
      {"images_per_second", result.images_per_second()},
      {"images_per_second_per_core", result.per_core()},
      {"images", result.images},
      {"seconds", result.seconds},
      {"batch_ms", {{"p50", result.batch_p50_ms}, {"p99", result.batch_p99_ms}}},
      {"share",
       {{"read", result.share(result.times.read)},
        {"decode", result.share(result.times.decode)},
        {"resize", result.share(result.times.resize)},
        {"other", result.other()}}},
      {"decoded_by",
       {{"checkpoints", result.decoded_by(data::DecodedBy::checkpoints)},
        {"baseline", result.decoded_by(data::DecodedBy::baseline)},
        {"libjpeg", result.decoded_by(data::DecodedBy::libjpeg)},
        {"other", result.decoded_by(data::DecodedBy::other)}}},
      {"peak_rss_mib", result.peak_rss_mib},
  };
}

/// One object: the figures of the most threads, what was measured, and a row for each number.
void print_json(const DataBenchArguments& arguments, std::size_t samples,
                const std::vector<DataBenchResult>& results) {
  nlohmann::ordered_json all = to_json(results.back());
  all["root"] = arguments.root.string();
  all["samples"] = samples;
  all["crop"] = arguments.options.transform.size;
  all["batch"] = arguments.options.batch;
  all["interpolation"] = name_of(arguments.options.transform.interpolation);
  all["policy"] = arguments.options.transform.policy;
  for (const DataBenchResult& result : results) all["by_threads"].push_back(to_json(result));
  fmt::print("{}\n", all.dump());
}

void print_table(const DataBenchArguments& arguments, std::size_t samples,
                 const std::vector<DataBenchResult>& results) {
  const data::AugmentOptions& transform = arguments.options.transform;
  const std::string& policy = transform.policy;
  fmt::print("{}: {} images; {} to {}, {}, flip{}; batches of {}\n\n", arguments.root.string(),
             samples, text_of(transform.crop), transform.size, name_of(transform.interpolation),
             policy == "none" ? "" : ", " + policy, arguments.options.batch);
  fmt::print(
      "| threads | images/s | a core | batch p50 ms | p99 ms | read | decode | resize | other | "
      "peak RSS MiB |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const DataBenchResult& result : results) {
    const data::LoaderTimes& times = result.times;
    fmt::print(
        "| {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % | "
        "{:.0f} |\n",
        result.threads, result.images_per_second(), result.per_core(), result.batch_p50_ms,
        result.batch_p99_ms, 100 * result.share(times.read), 100 * result.share(times.decode),
        100 * result.share(times.resize), 100 * result.other(), result.peak_rss_mib);
  }
  const DataBenchResult& last = results.back();
  fmt::print(
      "\nDecoded from checkpoints {}, by imgcls' decoder {}, by libjpeg-turbo {}, other {}.\n",
      last.decoded_by(data::DecodedBy::checkpoints), last.decoded_by(data::DecodedBy::baseline),
      last.decoded_by(data::DecodedBy::libjpeg), last.decoded_by(data::DecodedBy::other));
}

/// 1, 2, 4, ... and `most`.
std::vector<int> thread_counts(int most) {
  std::vector<int> counts;
  for (int count = 1; count < most; count *= 2) counts.push_back(count);
  counts.push_back(most);
  return counts;
}

/// Shards where the folder holds tar files, else class folders.
std::shared_ptr<const data::Source> open_root(const DataBenchArguments& arguments) {
  std::error_code no_folder;
  if (std::filesystem::is_directory(arguments.root, no_folder) &&
      data::holds_shards(arguments.root)) {
    return data::open_shards(arguments.root, arguments.index, arguments.image_key);
  }
  if (!arguments.image_key.empty()) {
    throw ConfigError(fmt::format("--image-key {} chooses among a shard's members, and {} has none",
                                  arguments.image_key, arguments.root.string()));
  }
  return data::open_folder(arguments.root, arguments.index);
}

/// The training images of a configuration, which also says what is done to them; what the command
/// line says goes before it.
std::shared_ptr<const data::Source> open_configured(DataBenchArguments& arguments) {
  const Config config = Config::load(arguments.config);
  const train::RunOptions run = train::run_options(config);
  DataBenchOptions& options = arguments.options;
  options.transform = run.augment;
  if (options.threads == 0) options.threads = run.data.threads;
  const auto source = train::open_source(run.data, train::Split::train);
  if (options.batch == 0) options.batch = std::min(run.batch, source->size());
  arguments.root = train::data_folder(run.data, train::Split::train);
  return source;
}

std::shared_ptr<const data::Source> open(DataBenchArguments& arguments) {
  if (arguments.root.empty()) {
    if (!arguments.config.empty()) return open_configured(arguments);
    throw ConfigError("give --root FOLDER, or a configuration as `imgcls train` takes it");
  }
  arguments.options.transform.interpolation = kInterpolations.at(arguments.interpolation);
  return open_root(arguments);
}

int run_data(DataBenchArguments arguments) {
  raise_open_file_limit();
  const std::shared_ptr<const data::Source> source = open(arguments);
  DataBenchOptions& options = arguments.options;
  if (options.threads == 0) options.threads = usable_cores();
  if (options.threads > usable_cores()) {
    throw ConfigError(fmt::format("--threads {} is more than the {} cores this process may use",
                                  options.threads, usable_cores()));
  }
  if (options.batch == 0) options.batch = std::min(kUsualBatch, source->size());
  if (options.batch > source->size()) {
    throw ConfigError(fmt::format("--batch {} is more than the {} images of {}", options.batch,
                                  source->size(), arguments.root.string()));
  }
  std::vector<DataBenchResult> results;
  for (const int threads : thread_counts(options.threads)) {
    DataBenchOptions some = options;
    some.threads = threads;
    results.push_back(bench_data(source, some));
  }
  arguments.json ? print_json(arguments, source->size(), results)
                 : print_table(arguments, source->size(), results);
  return train::kSuccess;
}

void add_data_bench(CLI::App& bench, std::function<int()>& chosen) {
  auto arguments = std::make_shared<DataBenchArguments>();
  DataBenchOptions& options = arguments->options;
  CLI::App* command =
      bench.add_subcommand("data", "Images a second of the loader, and where its time goes");
  auto* config = command->add_option(
      "CONFIG", arguments->config,
      "As `imgcls train` takes them: JSON files, and key.path=value overrides; measured are its\n"
      "training images, with its augment.*, train.batch and data.threads");
  command
      ->add_option("--root", arguments->root,
                   "Instead: a folder with a subfolder for each class, or of shards")
      ->excludes(config);
  command
      ->add_option("--index", arguments->index,
                   "Its index, of `imgcls prepare index`; default: imgcls.index in it, if there")
      ->excludes(config)
      ->check(CLI::ExistingFile);
  command
      ->add_option("--image-key", arguments->image_key,
                   "Shards: which of a sample's images, as data.image_key: png, left.jpg")
      ->excludes(config);
  command
      ->add_option("--threads", options.threads,
                   "Measure 1, 2, 4, ... and so many threads, on a core each; default: all cores")
      ->check(CLI::Range(1, 1024));
  command->add_option("--crop", options.transform.size, "Side of the training crop")
      ->excludes(config)
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--interpolation", arguments->interpolation, "How the crop is resized")
      ->excludes(config)
      ->check(CLI::IsMember(kInterpolations))
      ->capture_default_str();
  command
      ->add_option("--policy", options.transform.policy,
                   fmt::format("What is done to the pixels then, as augment.policy: {}",
                               fmt::join(data::policies().names(), ", ")))
      ->excludes(config)
      ->capture_default_str();
  command->add_option("--batch", options.batch, "Images of a batch; default: 64, CONFIG's, or all")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20));
  CLI::Option* seconds =
      command->add_option("--seconds", options.seconds, "Measure whole epochs for so long")
          ->check(CLI::Range(0.0, 1e6))
          ->capture_default_str();
  command->add_option("--epochs", options.epochs, "Measure so many epochs instead")
      ->check(CLI::Range(1, 1000000))
      ->excludes(seconds);
  command->add_flag("--json", arguments->json, "Print one JSON object");
  command->footer(
      "Reads as training does: shuffled, RandomResizedCrop and flip. An epoch that is not counted "
      "goes before.\n"
      "`resize` has what the policy takes in it; the policy has its default options.\n"
      "`other` is the cores' time outside reading, decoding and resizing, waiting included.\n\n"
      "Examples:\n"
      "  imgcls bench data configs/data/cifar10.json configs/train/cifar10.json\n"
      "  imgcls bench data --root imagenet/train --threads 8 --crop 176\n"
      "  taskset -c 3 imgcls bench data --root imagenet/train --epochs 2 --json\n"
      "  imgcls bench data --root imagenet/train --interpolation bilinear_no_antialias\n"
      "  imgcls bench data --root imagenet/train --crop 224 --policy timm_rand_augment");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_data(*arguments); }; });
}

}  // namespace

void add_bench(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* bench = program.add_subcommand("bench", "Measure the library on this machine");
  bench->require_subcommand(1);
  add_data_bench(*bench, chosen);
  add_bench_step(*bench, chosen);
  add_bench_convolutions(*bench, chosen);
}

}  // namespace imgcls::cli
