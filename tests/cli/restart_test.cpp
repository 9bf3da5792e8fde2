// Runs on several ranks that are stopped and go on, against runs that were not.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using test::FolderData;
using test::run_program;

namespace {

const std::string kByVariables = "bash " IMGCLS_SOURCE_DIR "/tests/support/by_variables.sh ";

/// A run of 10 steps, started again after each of these, ends with the bits of one that was not.
void check_restarts(const std::string& launch, const std::vector<int>& stops,
                    const std::string& recipe = "") {
  const FolderData data;
  const auto weights = [&](const std::string& run) {
    return read_file(data / (run + "/checkpoints/step-0000000010/weights.safetensors"));
  };
  REQUIRE(run_program(launch + data.train("straight", recipe)).code == 0);
  for (const int steps : stops) {
    const std::string limit = "train.max_steps=" + std::to_string(steps);
    REQUIRE(run_program(launch + data.train("stopped", limit + " " + recipe)).code == 0);
  }
  REQUIRE(run_program(launch + data.train("stopped", recipe)).code == 0);
  const bool same = weights("straight") == weights("stopped");  // megabytes, were they printed
  CHECK(same);
}

}  // namespace

TEST_CASE("three ranks by MPI that stop after several steps end with the bits of a straight run") {
  check_restarts("mpirun -np 3 ", {1, 4, 7});
}

TEST_CASE("three ranks by TCP that stop after several steps end with the bits of a straight run") {
  check_restarts(kByVariables + "3 ", {1, 4, 7});
}

TEST_CASE("four ranks by MPI that stop after several steps end with the bits of a straight run") {
  check_restarts("mpirun -np 4 ", {2, 6});
}

TEST_CASE("four ranks by TCP that stop after several steps end with the bits of a straight run") {
  check_restarts(kByVariables + "4 ", {2, 6});
}

TEST_CASE("three ranks with a recipe's ingredients end with the bits of a straight run") {
  check_restarts(kByVariables + "3 ", {3, 7},
                 "optimizer.name=lamb loss.name=bce 'mix.kinds=[\"mixup\",\"cutmix\"]' "
                 "erase.prob=0.3 sam.rho=0.05 clip.name=norm average.name=ema");
}
