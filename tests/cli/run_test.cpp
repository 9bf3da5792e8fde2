// A run from beginning to end, and its files.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

TEST_CASE("a run leaves its log, configuration and checkpoints, and says where") {
  const FolderData data;
  const auto outcome = run_program(data.train("run"));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("epoch 2/2") && Contains("done: top-1") &&
                                 Contains("train_log.csv") && Contains("imgcls report"));
  CHECK_THAT(outcome.output, !Contains("\r"));  // nobody watches: no line is redrawn
  for (const char* file :
       {"train_log.csv", "steps.csv", "log.txt", "config.json", "environment.json",
        "eval/eval.json", "eval/mistakes.csv", "augmented/augmented.csv", "val",
        "checkpoints/step-0000000010/weights.safetensors"}) {
    CHECK(std::filesystem::exists(data / "run" / file));
  }
  CHECK_THAT(read_text(data / "run/log.txt"), Contains("epoch 1/2 5/5"));
}

TEST_CASE("imgcls train is the same program") {
  const FolderData data;
  const std::string command = data.train("other");
  const auto outcome =
      run_program(IMGCLS_BINARY_DIR "/bin/imgcls train " + command.substr(command.find(' ')));
  CHECK(outcome.code == 0);
  REQUIRE(run_program(data.train("run")).code == 0);
  const auto weights = [&](const std::string& run) {
    return read_file(data / (run + "/checkpoints/step-0000000010/weights.safetensors"));
  };
  CHECK(weights("run") == weights("other"));
}

TEST_CASE("SIGTERM saves, ends with code 75, and the same command resumes") {
  const FolderData data;
  const std::string command = data.train("run", "train.epochs=100000");
  const auto stopped = run_program("timeout --preserve-status -s TERM 5 " + command);
  CHECK(stopped.code == 75);
  CHECK_THAT(stopped.output, Contains("stopped by SIGTERM") && Contains("same command"));
  const auto again = run_program("timeout --preserve-status -s TERM 5 " + command);
  CHECK(again.code == 75);
  CHECK_THAT(again.output, Contains("resuming from"));
}
