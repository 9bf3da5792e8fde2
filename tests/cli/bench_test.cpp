// imgcls bench: the figures, by name, and what is refused.
#include "folder_data.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <paths.h>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

std::string bench(const FolderData& data, const std::string& more) {
  return IMGCLS_BINARY_DIR "/bin/imgcls bench data --root " + (data / "data/train").string() + " " +
         more;
}

}  // namespace

TEST_CASE("bench data prints its figures by name, and a row for each number of threads") {
  const FolderData data;
  const auto outcome = run_program(
      "taskset -c 0 " + bench(data, "--threads 1 --crop 16 --batch 10 --epochs 2 --json"));
  REQUIRE(outcome.code == 0);
  const auto json = nlohmann::json::parse(outcome.output);
  CHECK(json["images_per_second"] > 0.0);
  CHECK(json["images"] == 120);
  CHECK(json["samples"] == 60);
  CHECK(json["crop"] == 16);
  CHECK(json["peak_rss_mib"] > 1.0);
  CHECK(json["batch_ms"]["p50"] <= json["batch_ms"]["p99"]);
  const auto& share = json["share"];
  const double sum = share["read"].get<double>() + share["decode"].get<double>() +
                     share["resize"].get<double>() + share["other"].get<double>();
  CHECK(sum == Approx(1));
  CHECK(share["decode"] > 0.0);
  REQUIRE(json["by_threads"].size() == 1);
  CHECK(json["by_threads"][0]["threads"] == 1);
}

TEST_CASE("bench data prints a table") {
  const FolderData data;
  const auto outcome = run_program(bench(data, "--threads 1 --crop 8 --seconds 0"));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("60 images") && Contains("| 1 | "));
}

TEST_CASE("bench data measures a policy, too") {
  const FolderData data;
  const std::string measured = "--threads 1 --crop 16 --batch 10 --epochs 1 --policy ";
  for (const char* policy : {"timm_rand_augment", "three_augment", "augmix"}) {
    const auto outcome = run_program(bench(data, measured + policy + " --json"));
    REQUIRE(outcome.code == 0);
    CHECK(nlohmann::json::parse(outcome.output)["policy"] == policy);
  }
  const auto wrong = run_program(bench(data, "--policy three_augmnet"));
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.output, Contains("no \"three_augmnet\"; did you mean \"three_augment\"?"));
}

TEST_CASE("bench data takes a configuration as bench step does") {
  const FolderData data;
  const std::string command = test::kImgcls + "bench data " + (data / "config.json").string() +
                              " data.root=" + (data / "data").string() +
                              " augment.policy=three_augment --threads 1 --epochs 1";
  const auto outcome = run_program(command + " --json");
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
  const auto json = nlohmann::json::parse(outcome.output);
  CHECK(json["samples"] == 60);
  CHECK(json["crop"] == 16);
  CHECK(json["batch"] == 12);
  CHECK(json["policy"] == "three_augment");
  CHECK_THAT(run_program(command).output, Contains("padded and cropped to 16"));
  const auto both = run_program(command + " --crop 16");
  CHECK(both.code == 2);
  CHECK_THAT(both.output, Contains("--crop"));
  CHECK_THAT(run_program(test::kImgcls + "bench data").output, Contains("--root"));
}

TEST_CASE("bench data refuses what cannot be measured, by name") {
  const FolderData data;
  const auto batch = run_program(bench(data, "--batch 61"));
  CHECK(batch.code == 2);
  CHECK_THAT(batch.output, Contains("--batch 61") && Contains("60 images"));
  const auto threads = run_program("taskset -c 0 " + bench(data, "--threads 3"));
  CHECK(threads.code == 2);
  CHECK_THAT(threads.output, Contains("--threads 3") && Contains("1"));
  const auto interpolation = run_program(bench(data, "--interpolation nearest"));
  CHECK(interpolation.code == 2);
  CHECK_THAT(interpolation.output, Contains("bilinear_no_antialias"));
  const auto root = run_program(IMGCLS_BINARY_DIR "/bin/imgcls bench data --root nowhere");
  CHECK(root.code == 1);
  CHECK_THAT(root.output, Contains("nowhere"));
}

TEST_CASE("bench step on noise needs no data set, and prints one JSON object") {
  const std::string command = IMGCLS_BINARY_DIR
      "/bin/imgcls bench step --synthetic --json --steps 3 --warm-up 1 model.name=resnet9 "
      "model.width=4 augment.size=16 train.batch=6 train.threads=1 train.precision=fp32 "
      "dist.device=cpu";
  const auto outcome = run_program(command);
  REQUIRE(outcome.code == 0);
  const auto json = nlohmann::json::parse(outcome.output);
  CHECK(json["model"] == "resnet9");
  CHECK(json["device"] == "cpu");
  CHECK(json["precision"] == "fp32");
  CHECK(json["batch"] == 6);
  CHECK(json["size"] == 16);
  CHECK(json["steps"] == 3);
  CHECK(json["synthetic"] == true);
  CHECK(json["data_wait"] == 0.0);
  CHECK(json["step_ms"] > 0.0);
  const double rate = 6e3 / json["step_ms"].get<double>();
  CHECK(json["images_per_second"].get<double>() == Approx(rate));
  CHECK(!json.contains("memory_mib"));  // a GPU's

  const auto many = run_program(command + " train.batch=4 train.accumulate=2");
  REQUIRE(many.code == 0);
  CHECK(nlohmann::json::parse(many.output)["batch"] == 4);
}

TEST_CASE("bench step on photos says which share of a step waits for them") {
  const FolderData data;
  std::string command = data.train("unused", "train.threads=1");
  command.replace(0, command.find(' '),
                  IMGCLS_BINARY_DIR "/bin/imgcls bench step --json --steps 4 --warm-up 0");
  const auto outcome = run_program(command);
  REQUIRE(outcome.code == 0);
  const auto json = nlohmann::json::parse(outcome.output);
  CHECK(json["synthetic"] == false);
  CHECK(json["data_wait"] > 0.0);
  CHECK(json["data_wait"] < 1.0);
  CHECK(!std::filesystem::exists(data / "unused"));
}
