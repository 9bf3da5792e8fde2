// imgcls prepare shards: a folder of images as tar files that any sample is read from at once.
#include "commands.h"
#include "prepare.h"
#include "print.h"
#include "work_line.h"

#include <imgcls/core/error.h>
#include <imgcls/prepare/write_shards.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace imgcls::cli {
namespace {

struct PrepareShardsArguments {
  std::string folder, output, size, image_key;
  std::size_t samples = 0;
  int threads = 0;
};

constexpr std::size_t kShownBroken = 20;  // of broken images

/// "1GB", "500 MB", "1000000": powers of 1000.
std::uint64_t parse_size(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  while (stop != end && *stop == ' ') ++stop;
  const std::string unit(stop, end);
  std::uint64_t factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  if (unit == "kB" || unit == "KB") factor = 1'000;
  if (unit == "MB") factor = 1'000'000;
  if (unit == "GB") factor = 1'000'000'000;
  if (unit == "TB") factor = 1'000'000'000'000;
  const bool fits = factor != 0 && number <= UINT64_MAX / std::max<std::uint64_t>(factor, 1);
  if (error != std::errc() || !fits || number == 0) {
    throw ConfigError(fmt::format("--size {} is not a size; expected 1GB, 500MB, ...", text));
  }
  return number * factor;
}

data::ShardLimits limits_of(const PrepareShardsArguments& arguments) {
  data::ShardLimits limits;
  limits.samples = arguments.samples;
  if (arguments.samples > 0) limits.bytes = 0;
  if (!arguments.size.empty()) limits.bytes = parse_size(arguments.size);
  return limits;
}

/// A progress line for each part of the work.
class Lines {
 public:
  bool show(std::string_view what, const data::WorkStatus& status) {
    if (!line_ || what != what_) {
      line_.reset();
      what_ = what;
      line_.emplace(what, unit_of(what));
    }
    return line_->show(status) && signals_.received() == 0;
  }
  std::string summary() const { return line_ ? line_->summary() : ""; }

 private:
  static std::string_view unit_of(std::string_view what) {
    if (what == "unpacking") return "tar files";
    return what == "checking" ? "shards" : "images";
  }

  train::TerminationSignals signals_;
  std::string_view what_;
  std::optional<WorkLine> line_;
};

int run(const PrepareShardsArguments& arguments) {
  Lines lines;
  const data::WriteShardsOptions options{
      .limits = limits_of(arguments),
      .threads = arguments.threads,
      .image_key = arguments.image_key,
      .go_on = [&lines](std::string_view what, const data::WorkStatus& status) {
        return lines.show(what, status);
      }};
  const data::WriteShardsReport report =
      data::write_shards(arguments.folder, arguments.output, options);
  if (report.stopped) {
    print("stopped; the same command resumes\n");
    return train::kStopped;
  }
  for (const std::string& remark : report.remarks) print("note: {}\n", remark);
  for (std::size_t i = 0; i < std::min(kShownBroken, report.broken.size()); ++i) {
    print("broken: {}\n", report.broken[i].reason);
  }
  if (!report.broken.empty()) {
    print("{} broken images are left out; all of them are in {}\n", report.broken.size(),
          report.broken_list.string());
  }
  print("{}\n{} images in {} shards, {} ({} shards were there): {}\n", lines.summary(),
        report.samples, report.shards, bytes_text(report.bytes), report.kept, arguments.output);
  return train::kSuccess;
}

}  // namespace

void add_prepare_shards(CLI::App& prepare, std::function<int()>& chosen) {
  auto arguments = std::make_shared<PrepareShardsArguments>();
  CLI::App* command = prepare.add_subcommand(
      "shards", "Write images as tar files in WebDataset's layout, with an index");
  command
      ->add_option("DIR", arguments->folder,
                   "A folder of class folders, or of tar files: plain, or packed (.tar.gz, .tgz,\n"
                   ".tar.zst, ...)")
      ->required();
  command->add_option("--out", arguments->output, "The folder of the shards; made if absent")
      ->required();
  command->add_option("--samples", arguments->samples, "Images of a shard")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32));
  add_image_key(*command, arguments->image_key);
  command->add_option("--size", arguments->size,
                      "Size of a shard, at most: 1GB (the default), 500MB");
  command
      ->add_option("--threads", arguments->threads,
                   "Threads; default: one for each core to index, two to write")
      ->check(CLI::Range(1, 1024));
  command->footer(
      "Examples:\n"
      "  imgcls prepare shards data/Imagenet/train --out data/shards/train\n"
      "  imgcls prepare shards data/Imagenet/val --out data/shards/val --samples 5000\n"
      "  imgcls train configs/data/imagenet.json ... data.format=shards data.root=data/shards\n"
      "The images stay as they are and in their order, so that training on the shards sees the "
      "same "
      "batches.\n"
      "Of tar files, images and classes are taken. Packed ones are unpacked into the folder of "
      "the\n"
      "shards first, which takes as much room again until all is done.\n"
      "The same command resumes where one was interrupted. Exit code: 0; 1: an error; 75: stopped "
      "by Ctrl-C.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_preparation([&] { return run(*arguments); }); };
  });
}

}  // namespace imgcls::cli
