// imgcls weights, as a user runs it.
#include "../support/run_program.h"
#include "../support/temp_folder.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::run_program;

namespace {

const std::string kReference = IMGCLS_SOURCE_DIR "/tests/models/pth_reference/";

test::Outcome weights(const std::string& arguments) {
  return run_program(IMGCLS_BINARY_DIR "/bin/imgcls weights " + arguments);
}

}  // namespace

TEST_CASE("weights says how it is used") {
  for (const std::string command : {"", "init ", "convert ", "show ", "diff ", "average "}) {
    const auto help = weights(command + "--help");
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("Usage"));
  }
  CHECK(weights("show").code == 2);
  CHECK(weights("convert a.pth b.txt").code == 2);
  const auto absent = weights("show /nowhere/at/all.pth");
  CHECK(absent.code == 1);
  CHECK_THAT(absent.output, Contains("/nowhere/at/all.pth"));
}

TEST_CASE("weights convert and diff go from format to format without a difference") {
  const test::TempFolder folder;
  const std::string a = (folder / "a.safetensors").string(), b = (folder / "b.pth").string();
  REQUIRE(weights("convert " + kReference + "checkpoint-legacy.pth " + a).code == 0);
  REQUIRE(weights("convert " + a + " " + b).code == 0);
  const auto same = weights("diff " + kReference + "views.pth " + b);
  CHECK(same.code == 0);
  CHECK_THAT(same.output, Contains("0 differences in 8 and 8 tensors"));
  const auto other = weights("diff " + b + " " + kReference + "types.pth");
  CHECK(other.code == 1);
  CHECK_THAT(other.output, Contains("only in") && Contains(": nhwc") && Contains("of.float32"));
  const auto lacking = weights("convert " + kReference + "types.pth " + a);
  CHECK(lacking.code == 1);
  CHECK_THAT(lacking.output, Contains("complex128") && Contains("safetensors lacks"));
}

TEST_CASE("weights show lists types, shapes and values") {
  const auto plain = weights("show " + kReference + "views.pth");
  CHECK(plain.code == 0);
  CHECK_THAT(plain.output,
             Contains("transposed") && Contains("[4, 3, 2]") && Contains("8 tensors, "));
  CHECK_THAT(weights("show --values " + kReference + "views.pth").output,
             Contains("min 0  max 23  mean 11.5"));
  CHECK(weights("show --values " + kReference + "types.pth").code == 0);
}

TEST_CASE("weights average is the mean") {
  const test::TempFolder folder;
  const std::string a = (folder / "a.pth").string(), b = (folder / "b.pth").string(),
                    mean = (folder / "mean.safetensors").string();
  REQUIRE(weights("init resnet18 --seed 1 --classes 3 model.stem=small -o " + a).code == 0);
  REQUIRE(weights("init resnet18 --seed 2 --classes 3 model.stem=small -o " + b).code == 0);
  REQUIRE(weights("average " + a + " " + a + " -o " + mean).code == 0);
  CHECK(weights("diff " + a + " " + mean).code == 0);
  CHECK(weights("diff " + a + " " + b).code == 1);
  REQUIRE(weights("average " + a + " " + b + " -o " + mean).code == 0);
  CHECK(weights("diff " + a + " " + mean).code == 1);
  const auto unlike = weights("average " + a + " " + kReference + "views.pth -o " + mean);
  CHECK(unlike.code == 1);
  CHECK_THAT(unlike.output, Contains("views.pth has 8"));
}

TEST_CASE("weights init writes what a run with that seed starts from") {
  const test::FolderData data;
  // At such a rate no weight changes its bits.
  REQUIRE(run_program(data.train("run",
                                 "optimizer.lr=1e-30 train.seed=5 train.max_steps=1 "
                                 "optimizer.weight_decay=0"))
              .code == 0);
  const auto checkpoints = data / "run/checkpoints";
  const auto file = checkpoints / "step-0000000001/weights.safetensors";
  REQUIRE(std::filesystem::exists(file));
  const std::string config = (data / "run/config.json").string();
  const std::string start = (data / "start.safetensors").string();
  REQUIRE(weights("init resnet9 --classes 3 " + config + " -o " + start).code == 0);
  const auto diff = weights("diff " + start + " " + file.string());
  CHECK_THAT(diff.output, !Contains("weight") && Contains("running_mean"));
}
