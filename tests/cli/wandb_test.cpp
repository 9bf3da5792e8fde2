// imgcls wandb sync, with a program in the place of Weights & Biases' client.
#include "folder_data.h"

#include <paths.h>

#include <catch2/catch.hpp>
#include <filesystem>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

const std::string kSync = std::string(IMGCLS_BINARY_DIR) + "/bin/imgcls wandb sync ";

}  // namespace

TEST_CASE("wandb sync hands the folders of runs to the client") {
  const FolderData data;
  REQUIRE(run_program(data.train("a", "train.epochs=1 log.wandb=true")).code == 0);
  REQUIRE(run_program(data.train("b", "train.epochs=1 log.wandb=true")).code == 0);
  const test::TempFolder programs;
  std::filesystem::permissions(programs.write("wandb", "#!/bin/sh\necho client: \"$@\"\nexit 7\n"),
                               std::filesystem::perms::owner_all);
  const std::string client = "PATH=" + programs.path().string() + ":$PATH ";
  const std::string runs = (data / "a").string() + " " + (data / "b").string();

  const auto sent = run_program(client + kSync + runs + " --entity team --project seeds");
  CHECK(sent.code == 7);
  CHECK_THAT(sent.output, Contains("client: sync --entity team --project seeds " +
                                   (data / "a").string() + "/wandb/offline-run-") &&
                              Contains((data / "b").string() + "/wandb/offline-run-"));
  CHECK(run_program("WANDB_MODE=online " + client + kSync + runs).code == 7);

  const auto forbidden = run_program("WANDB_MODE=offline " + client + kSync + runs);
  CHECK(forbidden.code == 2);
  CHECK_THAT(forbidden.output,
             Contains("WANDB_MODE=offline forbids uploading") && !Contains("client:"));
  const auto no_client = run_program("PATH=/nowhere " + kSync + runs);
  CHECK(no_client.code == 1);
  CHECK_THAT(no_client.output,
             Contains("pip install wandb") && Contains("wandb sync " + (data / "a").string()));
}

TEST_CASE("wandb sync says what to do for a run that has nothing for it") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.epochs=1")).code == 0);
  CHECK_FALSE(std::filesystem::exists(data / "run/wandb"));
  const auto outcome = run_program(kSync + (data / "run").string());
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.output, Contains("log.wandb=true"));
  CHECK(run_program(kSync + (data / "absent").string()).code == 2);
}
