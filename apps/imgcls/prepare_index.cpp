// imgcls prepare index: what is known of each image without reading it, in one file.
#include "commands.h"
#include "prepare.h"
#include "print.h"
#include "work_line.h"

#include <imgcls/prepare/make_index.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

struct PrepareIndexArguments {
  std::string folder, output, image_key;
  int threads = 0;
  bool check = false;
};

constexpr std::size_t kShown = 20;  // of broken images and differences

int check(const PrepareIndexArguments& arguments, data::IndexOptions options) {
  WorkLine line("checking", "images");
  options.go_on = [&line](const data::WorkStatus& status) { return line.show(status); };
  const data::CheckReport report = data::check_index(arguments.folder, options);
  if (report.stopped) {
    print("stopped; nothing is known\n");
    return train::kStopped;
  }
  for (const std::string& difference : report.differences) print("{}\n", difference);
  print("{} images, {} differences\n", report.samples, report.differences.size());
  return report.differences.empty() ? train::kSuccess : train::kFailure;
}

void print_broken(const data::IndexReport& report) {
  if (report.broken.empty()) return;
  for (std::size_t i = 0; i < std::min(kShown, report.broken.size()); ++i) {
    print("broken: {}\n", report.broken[i].reason);
  }
  print(
      "{} broken images are put aside: training and evaluation leave them out; all of them "
      "are in {}\n",
      report.broken.size(), report.broken_list.string());
}

int make(const PrepareIndexArguments& arguments, data::IndexOptions options) {
  WorkLine line("indexing", "images");
  options.go_on = [&line](const data::WorkStatus& status) { return line.show(status); };
  const data::IndexReport report = data::make_index(arguments.folder, options);
  if (report.stopped) {
    print("stopped: {}; the same command resumes\n", line.summary());
    return train::kStopped;
  }
  for (const std::string& remark : report.remarks) print("note: {}\n", remark);
  if (!report.note.empty()) print("{}; everything was read again\n", report.note);
  print_broken(report);
  print("{} ({} unchanged)\n{}\n", line.summary(), report.reused, report.file.string());
  return train::kSuccess;
}

int run(const PrepareIndexArguments& arguments) {
  const data::IndexOptions options{
      .file = arguments.output, .image_key = arguments.image_key, .threads = arguments.threads};
  return arguments.check ? check(arguments, options) : make(arguments, options);
}

}  // namespace

void add_prepare_index(CLI::App& prepare, std::function<int()>& chosen) {
  auto arguments = std::make_shared<PrepareIndexArguments>();
  CLI::App* command = prepare.add_subcommand(
      "index", "Read and decode every image once; keep what training wants to know beforehand");
  command->add_option("DIR", arguments->folder, "A folder of class folders, or of tar files")
      ->required();
  command->add_option("-o,--output", arguments->output,
                      "The index; default: DIR/imgcls.index, which training finds by itself");
  add_image_key(*command, arguments->image_key);
  add_reading_threads(*command, arguments->threads);
  command->add_flag("--check", arguments->check,
                    "Read everything again and report what differs from the index; write nothing");
  command->footer(
      "Examples:\n"
      "  imgcls prepare index data/Imagenet/train\n"
      "  imgcls prepare index --check data/Imagenet/train\n"
      "  imgcls prepare index /mnt/read-only/train -o indexes/train.index  (training: "
      "data.index=indexes)\n"
      "Where there is an index, files of the same size and time of change are not read again.\n"
      "Broken images are reported, listed beside the index, and left out by training.\n"
      "Exit code: 0; 1: an error, or --check found differences; 75: stopped by Ctrl-C, after which "
      "the\nsame command goes on.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_preparation([&] { return run(*arguments); }); };
  });
}

}  // namespace imgcls::cli
