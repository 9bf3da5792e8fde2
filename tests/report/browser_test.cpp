// The page as a browser shows it, and its figures as another program computes them.
//
//   IMGCLS_LOOK=folder build/bin/test_report_page 'the page in a browser*'    keeps the screenshots
#include "../support/run_program.h"
#include "../support/skip.h"
#include "../support/temp_folder.h"
#include "synthetic_run.h"

#include <imgcls/report/make_report.h>

#include <fmt/format.h>
#include <paths.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <vector>

using namespace imgcls;
namespace fs = std::filesystem;

namespace {

std::string script(const char* name) {
  return fmt::format("python3 '{}/tests/report/{}'", IMGCLS_SOURCE_DIR, name);
}

/// Three seeds of one recipe and two of another, one of them half way.
std::vector<fs::path> five_runs(const test::TempFolder& folder) {
  std::vector<fs::path> folders;
  for (int seed = 0; seed < 3; ++seed) {
    folders.push_back(folder / fmt::format("seed-{}", seed));
    test::write_run(folders.back(), {.seed = seed});
  }
  folders.push_back(folder / "high-lr-0");
  test::write_run(folders.back(), {.seed = 5, .lr = 0.8});
  folders.push_back(folder / "high-lr-1");
  test::write_run(folders.back(), {.seed = 6, .lr = 0.8, .done_epochs = 9, .details = false});
  return folders;
}

void look(const std::string& page, const std::string& name) {
  const test::TempFolder scratch;
  const char* kept = std::getenv("IMGCLS_LOOK");
  const fs::path pictures = (kept ? fs::path(kept) : scratch.path()) / name;
  const test::Outcome outcome =
      test::run_program(fmt::format("{} '{}' '{}'", script("look.py"), page, pictures.string()));
  if (outcome.code == 77) IMGCLS_SKIP("there is no Chromium");
  INFO(outcome.output);
  CHECK(outcome.code == 0);
}

}  // namespace

TEST_CASE("the page in a browser asks for nothing and draws every chart") {
  const test::TempFolder folder;
  const std::vector<fs::path> folders = five_runs(folder);
  const auto runs = report::read_runs(folders);
  report::write_report(runs, folder / "report.html", {.title = "CIFAR-10, two learning rates"});
  look((folder / "report.html").string(), "several");
}

TEST_CASE("the page of one run in a browser is whole, whatever its classes are called") {
  const test::TempFolder folder;
  std::vector<std::string> classes{"</script><script>alert(1)</script>",
                                   "<img src=x onerror=alert(2)>", "a \"quoted\", name", "{{js}}",
                                   "ça va & co"};
  for (int i = 0; i < 115; ++i) classes.push_back(fmt::format("class with a long name {}", i));
  test::write_run(folder / "run", {.done_epochs = 1, .classes = classes});
  const std::vector<fs::path> folders{folder / "run"};
  report::write_report(report::read_runs(folders), folder / "report.html", {});
  look((folder / "report.html").string(), "one");
}

TEST_CASE("an independent program computes the same figures") {
  const test::TempFolder folder;
  std::vector<fs::path> folders = five_runs(folder);
  folders.push_back(folder / "long");  // more rows than the page has points
  test::write_run(folders.back(), {.lr = 0.1, .steps_per_epoch = 310, .every = 2});
  report::write_report(report::read_runs(folders), folder / "report.html", {});
  std::string command =
      fmt::format("{} '{}'", script("check_report.py"), (folder / "report.html").string());
  for (const fs::path& run : folders) command += fmt::format(" '{}'", run.string());
  const test::Outcome outcome = test::run_program(command);
  INFO(outcome.output);
  CHECK(outcome.code == 0);
  CHECK(outcome.output.find("figures agree") != std::string::npos);
}
