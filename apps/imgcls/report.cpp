// imgcls report: the page of one or more runs.
#include "commands.h"

#include <imgcls/report/make_report.h>
#include <imgcls/report/serve.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace imgcls::cli {
namespace {

namespace fs = std::filesystem;

struct ReportArguments {
  std::vector<fs::path> runs;
  std::string output, png, title;
  bool serve = false;
  int port = 0;
};

int serve(const ReportArguments& arguments) {
  // Blocked before there are threads, so that this one gets them.
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGINT);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const report::LiveServer server(arguments.runs, arguments.title, arguments.port);
  fmt::print("{} shows the runs; Ctrl-C ends it\n", server.address());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end, &signal);
  return train::kSuccess;
}

int make(const ReportArguments& arguments) {
  const std::vector<fs::path> folders = report::find_runs(arguments.runs);
  const std::vector<report::Run> runs = report::read_runs(folders);
  const fs::path html = !arguments.output.empty() ? fs::path(arguments.output)
                        : folders.size() == 1     ? folders.front() / "report.html"
                                                  : fs::path("report.html");
  report::write_report(runs, html, {.title = arguments.title});
  fmt::print("{}: {} run{}, {:.1f} MB\n", html.string(), runs.size(), runs.size() == 1 ? "" : "s",
             static_cast<double>(fs::file_size(html)) / 1e6);
  if (arguments.png.empty()) return train::kSuccess;
  for (const fs::path& png : report::write_plots(runs, arguments.png)) {
    fmt::print("{}\n", png.string());
  }
  return train::kSuccess;
}

}  // namespace

void add_report(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = program.add_subcommand("report", "Show runs as a page, or live");
  command->add_option("RUN", arguments->runs, "Folders of runs, or folders that hold runs")
      ->required();
  CLI::Option* output = command->add_option(
      "-o,--output", arguments->output,
      "The page to write; default: RUN/report.html, of several runs ./report.html");
  CLI::Option* png =
      command->add_option("--png", arguments->png, "Draw accuracies as PNG files into this folder");
  command->add_option("--title", arguments->title, "The page's heading; default: after the runs");
  CLI::Option* live = command->add_flag("--serve", arguments->serve,
                                        "Show the runs as they go on, at an address of this "
                                        "machine, and write nothing");
  command
      ->add_option("--port", arguments->port,
                   fmt::format("Port of --serve; default: {}, or any free one where it is taken",
                               report::LiveServer::kUsualPort))
      ->check(CLI::Range(0, 65535))
      ->needs(live);
  live->excludes(output)->excludes(png);
  command->footer(
      "The page is one file that needs no network. Runs whose configurations differ only in\n"
      "train.seed and in what changes no result are shown together: mean, and a band of two "
      "sample\n"
      "standard deviations to either side.\n\n"
      "Examples:\n"
      "  imgcls report runs/resnet18-cifar10\n"
      "  imgcls report runs/seed-0 runs/seed-1 runs/seed-2 -o seeds.html --png figures\n"
      "  imgcls report runs --serve");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return arguments->serve ? serve(*arguments) : make(*arguments); };
  });
}

}  // namespace imgcls::cli
