// imgcls prepare imagenet: ImageNet's archives into folders to train on.
#include "commands.h"
#include "prepare.h"
#include "print.h"

#include <imgcls/core/log.h>
#include <imgcls/log/progress.h>
#include <imgcls/log/terminal.h>
#include <imgcls/prepare/imagenet/prepare.h>
#include <imgcls/train/program.h>
#include <imgcls/train/termination_signals.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

struct PrepareImagenetArguments {
  data::PrepareImageNetOptions options;
  std::string split = "all", format = "folder", checksums;
  bool no_verify = false;
};

/// "train  412000 images  85.1/147.9 GB  512 MB/s  ETA 2:03": redrawn in place on a terminal,
/// elsewhere a line now and then.
class UnpackLine {
 public:
  explicit UnpackLine(const Log& log) : log_(log) {}
  ~UnpackLine() {
    if (visible_) report::show(report::kEraseLine);
  }
  UnpackLine(const UnpackLine&) = delete;
  UnpackLine& operator=(const UnpackLine&) = delete;

  void show(const data::PrepareImageNetStatus& status) {
    const auto now = Clock::now();
    if (status.split != split_) {
      split_ = status.split;
      start_ = shown_ = now;
    }
    if (terminal_.interactive) {
      const auto room = static_cast<std::size_t>(std::max(terminal_.columns - 1, 1));
      report::show(fmt::format("{}{}", report::kEraseLine, text(status, now).substr(0, room)));
      visible_ = true;
    } else if (now - shown_ >= kBetweenLines) {
      shown_ = now;
      log_.info(text(status, now));
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetweenLines{30};

  std::string text(const data::PrepareImageNetStatus& status, Clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto read = static_cast<double>(status.read), total = static_cast<double>(status.total);
    std::string line = fmt::format("{}  {} images  {:.1f}/{:.1f} GB", status.split, status.images,
                                   read / 1e9, total / 1e9);
    if (seconds < 1 || read == 0) return line;
    return line + fmt::format("  {:.0f} MB/s  ETA {}", read / 1e6 / seconds,
                              report::clock_text((total - read) * seconds / read));
  }

  const Log& log_;
  report::Terminal terminal_ = report::find_terminal();
  std::string_view split_;
  Clock::time_point start_, shown_;
  bool visible_ = false;
};

int run(const PrepareImagenetArguments& arguments) {
  data::PrepareImageNetOptions options = arguments.options;
  options.verify = !arguments.no_verify;
  options.shards = arguments.format == "shards";
  if (arguments.split != "all") options.splits = {arguments.split};
  if (!arguments.checksums.empty()) options.sums = data::read_md5_sums(arguments.checksums);

  const train::TerminationSignals signals;
  const Log log;
  data::PrepareImageNetEnd end{};
  {
    UnpackLine line(log);
    end = data::prepare_imagenet(options, log, [&](const data::PrepareImageNetStatus& status) {
      line.show(status);
      return signals.received() == 0;
    });
  }
  if (end == data::PrepareImageNetEnd::stopped) {
    log.warn(fmt::format("stopped by {}; the same command resumes",
                         train::signal_name(signals.received())));
    return train::kStopped;
  }
  print("{} {}complete\n", options.out.string(),
        end == data::PrepareImageNetEnd::was_complete ? "was already " : "is ");
  if (options.shards && end == data::PrepareImageNetEnd::complete) {
    for (const std::string& split : options.splits) {
      print("next: imgcls prepare index {}\n", (options.out / split).string());
    }
  }
  return train::kSuccess;
}

}  // namespace

void add_prepare_imagenet(CLI::App& prepare, std::function<int()>& chosen) {
  auto arguments = std::make_shared<PrepareImagenetArguments>();
  CLI::App* command =
      prepare.add_subcommand("imagenet", "Unpack ImageNet (ILSVRC 2012) from its archives");
  command
      ->add_option("--archives", arguments->options.archives,
                   "The folder with ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and "
                   "ILSVRC2012_devkit_t12.tar.gz")
      ->required();
  command
      ->add_option("--out", arguments->options.out,
                   "Where train/, val/, dev/ and meta.bin go; made if absent")
      ->required();
  command->add_option("--split", arguments->split, "train, val or all (the default)")
      ->check(CLI::IsMember({"train", "val", "all"}));
  command
      ->add_option("--format", arguments->format,
                   "folder (the default): class folders; shards: tar files in WebDataset's layout")
      ->check(CLI::IsMember({"folder", "shards"}));
  command
      ->add_option("--threads", arguments->options.threads,
                   "Threads that write folders, beside the one that reads; default 4")
      ->check(CLI::Range(1, 256));
  CLI::Option* checksums =
      command
          ->add_option(
              "--checksums", arguments->checksums,
              "A file of md5sum's, for archives with other contents than the official ones")
          ->check(CLI::ExistingFile);
  command->add_flag("--no-verify", arguments->no_verify, "Do not compare the archives' MD5 sums")
      ->excludes(checksums);
  command->footer(
      "Examples:\n"
      "  imgcls prepare imagenet --archives ~/Downloads --out data/Imagenet\n"
      "  imgcls prepare imagenet --archives ~/Downloads --out data/Imagenet --split val\n"
      "  imgcls train configs/data/imagenet.json ... data.root=data/Imagenet\n"
      "The devkit is always needed. train/ and val/ appear when they are whole and their archive's "
      "MD5\n"
      "sum is right. The same command resumes where one was interrupted. Exit code: 0; 1: an "
      "error;\n"
      "2: wrong arguments; 75: stopped by Ctrl-C.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_preparation([&] { return run(*arguments); }); };
  });
}

}  // namespace imgcls::cli
