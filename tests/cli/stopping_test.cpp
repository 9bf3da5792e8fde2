// Signals at all moments of a run: one checkpoint, code 75, and the same command resumes.
#include "../support/running_program.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <catch2/catch.hpp>
#include <set>
#include <thread>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::on_ranks;
using test::run_program;
using test::RunningProgram;

namespace {

constexpr int kStopped = 75;

/// A network whose checkpoint takes a while to write, and whose evaluation a while to make.
const std::string kSlow =
    "model.name=resnet18 model.width=0 eval.size=48 eval.resize=48 eval.batch=1 ";

using Names = std::set<std::string>;

Names names_in(const std::filesystem::path& folder) {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

std::string checkpoint_name(int step) {
  const std::string digits = std::to_string(step);
  return "step-" + std::string(10 - digits.size(), '0') + digits;
}

/// The step in "stopped by SIGUSR1 after step 3"; -1 where that is not said.
int stopped_after(const std::string& output) {
  const std::string before = "after step ";
  const std::size_t at = output.find(before, output.find("stopped by SIG"));
  return at == std::string::npos ? -1 : std::stoi(output.substr(at + before.size()));
}

}  // namespace

TEST_CASE("a signal during a save lets it be finished and makes no other") {
  const FolderData data;
  const std::string command =
      data.train("run", kSlow + "train.epochs=1000 checkpoint.every_steps=1 checkpoint.keep=1000");
  RunningProgram program(command);
  program.wait_for("epoch 1/1000 1/5");
  // Let it stand still in the middle of a save, however long that takes.
  const auto checkpoints = data / "run/checkpoints";
  const auto saving = [&] {
    if (!std::filesystem::exists(checkpoints)) return false;
    const Names names = names_in(checkpoints);
    return !names.empty() && names.begin()->ends_with(".tmp");  // a dot sorts first
  };
  for (;;) {
    while (!saving()) std::this_thread::yield();
    REQUIRE(program.pause());
    if (saving()) break;
    program.resume();
  }
  Names expected = names_in(checkpoints);
  const std::string unfinished = *expected.begin();  // .step-NNNNNNNNNN.tmp
  expected.erase(unfinished);
  const std::string finished = unfinished.substr(1, unfinished.size() - 5);
  expected.insert(finished);
  ::kill(program.pid(), SIGUSR1);
  ::kill(program.pid(), SIGTERM);  // a second one changes nothing
  program.resume();
  const auto outcome = program.finish();
  CHECK(outcome.code == kStopped);
  CHECK(checkpoint_name(stopped_after(outcome.output)) == finished);
  CHECK(names_in(checkpoints) == expected);
  CHECK_THAT(run_program(command + " train.max_steps=1").output,
             Contains("resuming from") && Contains(finished));
}

TEST_CASE("a signal to one rank in an evaluation ends it on both, and it is made again") {
  const FolderData data;
  const std::string command = on_ranks(2, data.train("run", kSlow + "train.epochs=1"));
  RunningProgram program(command);
  program.wait_for("epoch 1/1 5/5");  // the evaluation is next, and takes seconds
  ::kill(test::process_of_rank(program.pid(), 1), SIGUSR1);
  const auto outcome = program.finish();
  CHECK(outcome.code == kStopped);
  CHECK(stopped_after(outcome.output) == 5);
  CHECK(names_in(data / "run/checkpoints") == Names{checkpoint_name(5)});
  CHECK_THAT(read_text(data / "run/train_log.csv"), !Contains("\n1,5,"));
  const auto again = run_program(command);
  CHECK(again.code == 0);
  CHECK_THAT(again.output, Contains("step 5 of 5") && Contains("done: top-1"));
  CHECK_THAT(read_text(data / "run/train_log.csv"), Contains("\n1,5,"));
}

TEST_CASE("a signal at the start, even twice and to one rank, leaves a checkpoint to go on from") {
  const FolderData data;
  const std::string command = on_ranks(2, data.train("run", "train.epochs=100000"));
  for (const int signal : {SIGUSR1, SIGTERM}) {
    RunningProgram program(command);
    program.wait_for("results go to");
    const pid_t rank = test::process_of_rank(program.pid(), 1);
    ::kill(rank, signal);
    ::kill(rank, signal);
    const auto outcome = program.finish();
    CHECK(outcome.code == kStopped);
    const int step = stopped_after(outcome.output);
    REQUIRE(step >= 0);
    CHECK(names_in(data / "run/checkpoints").count(checkpoint_name(step)) == 1);
    if (signal == SIGTERM) CHECK_THAT(outcome.output, Contains("resuming from"));
  }
}

TEST_CASE("a signal before there is a trainer stops the run before its first step") {
  const FolderData data;
  const std::string command = data.train("run");
  RunningProgram program(command);
  test::wait_until_caught(program.pid(), SIGUSR1);
  ::kill(program.pid(), SIGUSR1);
  const auto outcome = program.finish();
  CHECK(outcome.code == kStopped);
  CHECK(stopped_after(outcome.output) == 0);
  const auto again = run_program(command);
  CHECK(again.code == 0);
  CHECK_THAT(again.output, Contains("resuming from") && Contains("step 0 of 10"));
}

TEST_CASE("a signal ends imgcls eval, which then has no result") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.max_steps=1")).code == 0);
  RunningProgram program(data.eval("run"));
  test::wait_until_caught(program.pid(), SIGUSR1);
  ::kill(program.pid(), SIGUSR1);
  const auto outcome = program.finish();
  CHECK(outcome.code == kStopped);
  CHECK_THAT(outcome.output, Contains("stopped by SIGUSR1; ") && !Contains("top-1"));
}
