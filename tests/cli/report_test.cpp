// imgcls report on a small trained run.
#include "../support/skip.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

const std::string kReport = IMGCLS_BINARY_DIR "/bin/imgcls report ";

}  // namespace

TEST_CASE("report makes the page of a run that has been trained, and its pictures") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.epochs=2")).code == 0);
  const std::string run = (data / "run").string();
  const auto outcome = run_program(kReport + run + " --png " + (data / "figures").string());
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains(run + "/report.html"));
  const std::string page = read_text(data / "run/report.html");
  CHECK_THAT(page, Contains("grad_norm") && Contains("world_size"));
  for (const char* name : {"step_vs_acc1", "time_vs_acc1"}) {
    CHECK(std::filesystem::file_size(data / ("figures/" + std::string(name) + ".png")) > 1000);
  }
  CHECK_FALSE(std::filesystem::exists(data / "figures/step_vs_acc5.png"));  // of three classes
}

TEST_CASE("a page that is served follows a run while it goes on, and says when the server ends") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.epochs=4 train.max_steps=5")).code == 0);
  const auto outcome = run_program(
      "python3 " IMGCLS_SOURCE_DIR "/tests/report/live.py " IMGCLS_BINARY_DIR "/bin/imgcls " +
      (data / "run").string() + " '" + data.train("run", "train.epochs=4") + "'");
  if (outcome.code == 77) IMGCLS_SKIP("there is no Chromium");
  INFO(outcome.output);
  CHECK(outcome.code == 0);
}

TEST_CASE("report says what a run is, where it is given something else") {
  const FolderData data;
  const auto nothing = run_program(kReport + (data / "absent").string());
  CHECK(nothing.code != 0);
  CHECK_THAT(nothing.output, Contains("absent"));
  const auto no_run = run_program(kReport + (data / "data").string());
  CHECK(no_run.code != 0);
  CHECK_THAT(no_run.output, Contains("config.json"));
}
