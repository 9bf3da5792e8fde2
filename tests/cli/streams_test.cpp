// Programs whose output nobody reads, whose terminal is gone, or who were given none.
#include "../support/running_program.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <sstream>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

const std::string kLaunch = IMGCLS_BINARY_DIR "/bin/imgcls launch ";

/// The exit code of `command` when the reader of all it says has gone before the first word.
int code_unheard(const FolderData& data, const std::string& command) {
  const std::string code = (data / "code").string();
  run_program("sh -c '(" + command + "; echo $? >" + code + ") 2>&1 | true'");
  return std::stoi(read_text(code));
}

}  // namespace

TEST_CASE("a run that nobody listens to goes on to its end, and its log file has what it said") {
  const FolderData data;
  CHECK(code_unheard(data, data.train("run")) == 0);
  CHECK_THAT(read_text(data / "run/log.txt"), Contains("done: top-1"));
  CHECK(code_unheard(data, data.eval("run")) == 0);
}

TEST_CASE("ranks behind launch that nobody listens to go on to their end") {
  const FolderData data;
  CHECK(code_unheard(data, kLaunch + "-n 2 -- " + data.train("run")) == 0);
  CHECK_THAT(read_text(data / "run/log.txt"), Contains("done: top-1"));
  CHECK(code_unheard(data, kLaunch + "-n 2 -- " + data.train("run", "model.name=nonsense")) == 2);
}

TEST_CASE("a run without standard streams writes its files, and nothing else into them") {
  const FolderData data;
  const auto outcome = run_program("sh -c '" + data.train("run") + " <&- >&- 2>&-'");
  CHECK(outcome.code == 0);
  CHECK(outcome.output.empty());
  CHECK_THAT(read_text(data / "run/log.txt"), Contains("done: top-1"));
  for (const char* table : {"run/steps.csv", "run/train_log.csv"}) {
    std::istringstream lines(read_text(data / table));
    std::string line, first;
    std::getline(lines, first);
    while (std::getline(lines, line)) {
      CAPTURE(table, line);
      CHECK(std::isdigit(static_cast<unsigned char>(line.front())) != 0);
      CHECK(std::count(line.begin(), line.end(), ',') ==
            std::count(first.begin(), first.end(), ','));
    }
  }
}

TEST_CASE("a terminal that is closed makes a run save, and the same command resumes") {
  const FolderData data;
  const std::string command = data.train("run", "train.epochs=100000");
  test::RunningProgram program(command);
  program.wait_for("epoch 2/");
  ::kill(program.pid(), SIGHUP);
  const auto outcome = program.finish();
  CHECK(outcome.code == 75);
  CHECK_THAT(outcome.output, Contains("stopped by SIGHUP after step"));
  CHECK_THAT(run_program(command + " train.max_steps=1").output, Contains("resuming from"));
}
