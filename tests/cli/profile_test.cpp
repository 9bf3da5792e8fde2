// Where a step's time goes: profile.steps, and imgcls bench step.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::on_ranks;
using test::run_program;

namespace {

const std::string kImgcls = std::string(IMGCLS_BINARY_DIR) + "/bin/imgcls";

/// How often each range of our own is in a trace.
std::map<std::string, int> ranges_of(const std::filesystem::path& trace) {
  std::map<std::string, int> counts;
  const auto all = nlohmann::json::parse(read_text(trace));
  for (const auto& event : all.at("traceEvents")) {
    if (event.value("cat", "") == "user_annotation") ++counts[event.at("name").get<std::string>()];
  }
  return counts;
}

}  // namespace

TEST_CASE("a profiled run leaves a trace of each rank with the steps' parts, and a table") {
  const FolderData data;
  const auto outcome =
      run_program(on_ranks(2, data.train("run", "train.epochs=2 log.every=100 profile.steps=3-5")));
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("profile of 3 steps, for chrome://tracing: " +
                                      (data / "run/profile/rank0.json").string()) &&
                                 Contains("| data wait |") && Contains("| reduce, beside"));
  CHECK_THAT(outcome.output, !Contains("USDT") && !Contains("gpuGetDeviceCount"));
  for (const char* rank : {"rank0", "rank1"}) {
    auto ranges = ranges_of(data / ("run/profile/" + std::string(rank) + ".json"));
    for (const char* part : {"step", "data wait", "input", "forward", "backward", "optimizer"}) {
      CHECK(ranges[part] == 3);
    }
    CHECK(ranges["reduce"] >= 3);
  }
}

TEST_CASE("a profile whose steps a run does not reach leaves what there was, or nothing") {
  const FolderData data;
  const std::string three = "train.max_steps=3 profile.steps=";
  REQUIRE(run_program(data.train("some", three + "3-9")).code == 0);
  CHECK(ranges_of(data / "some/profile/rank0.json")["step"] == 1);
  REQUIRE(run_program(data.train("none", three + "4-9")).code == 0);
  CHECK_FALSE(std::filesystem::exists(data / "none/profile"));
  const auto wrong = run_program(data.train("wrong", "profile.steps=9-4"));
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.output, Contains("argument profile.steps=9-4: profile.steps must be"));
  CHECK_FALSE(std::filesystem::exists(data / "wrong"));
}

TEST_CASE("bench step prints a table of a step's parts, and writes nothing") {
  const FolderData data;
  const std::string train = data.train("run");
  const std::string arguments = train.substr(train.find(' '));
  const auto outcome =
      run_program(on_ranks(2, kImgcls + " bench step" + arguments + " --steps 3 --warm-up 1"));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains(" on 2 x cpu") && Contains("; 3 steps after 1\n") &&
                                 Contains("| backward |") && Contains("| step |") &&
                                 Contains("100.0 %") && Contains(" images/s\n"));
  CHECK_FALSE(std::filesystem::exists(data / "run"));
  CHECK(run_program(kImgcls + " bench step" + arguments + " --steps 0").code == 2);
}
