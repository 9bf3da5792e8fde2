// Runs with convolutions of our own: whether they repeat, go on, and share work among ranks; and
// imgcls bench convolutions.
#include "../support/skip.h"
#include "folder_data.h"

#include <imgcls/core/file.h>
#include <imgcls/core/instruction_set.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::kImgcls;
using test::on_ranks;
using test::run_program;
using test::weights_hash;

namespace {

bool have_avx2() {
  return data::is_available(data::InstructionSet::avx2);
}

// Wide enough for Winograd's algorithm to be taken.
const std::string kOn = " model.width=32 train.fast_convolutions=on train.deterministic=true ";
const std::string kOff = " model.width=32 train.fast_convolutions=off train.deterministic=true ";

void train(const FolderData& data, int ranks, const std::string& run, const std::string& more) {
  const std::string command = data.train(run, more);
  const auto outcome = run_program(ranks == 1 ? command : on_ranks(ranks, command));
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
}

}  // namespace

TEST_CASE("with fast convolutions a run repeats, and goes on, bit for bit") {
  if (!have_avx2()) IMGCLS_SKIP("this processor has no AVX2");
  const FolderData data;
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const std::string after = std::to_string(ranks);
    train(data, ranks, "straight" + after, kOn);
    train(data, ranks, "again" + after, kOn);
    train(data, ranks, "stopped" + after, kOn + "train.max_steps=7");
    train(data, ranks, "stopped" + after, kOn);
    train(data, ranks, "off" + after, kOff);
    const std::string straight = weights_hash(data / ("straight" + after));
    CHECK(weights_hash(data / ("again" + after)) == straight);
    CHECK(weights_hash(data / ("stopped" + after)) == straight);
    CHECK(weights_hash(data / ("off" + after)) != straight);  // else they were not taken
    const auto environment =
        nlohmann::json::parse(read_text(data / ("straight" + after + "/environment.json")));
    CHECK_THAT(environment.dump(), Contains("winograd and products (AVX2)"));
  }
}

TEST_CASE("bench convolutions prints a row for each part of each kind of convolution") {
  if (!have_avx2()) IMGCLS_SKIP("this processor has no AVX2");
  const std::string command =
      kImgcls +
      "bench convolutions resnet18 model.stem=small --batch 2 --size 32 --threads 1 "
      "--calls 1";
  const auto outcome = run_program(command);
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("resnet18, 2 images of 32 x 32, fp32, 1 threads; peak "));
  CHECK_THAT(outcome.output, Contains("| 32 | 64 -> 64 | 3, 1 | 4 | forward | "));
  CHECK_THAT(outcome.output, Contains("| 32 | 64 -> 128 | 1, 2 | 1 | weight gradient | "));
  CHECK_THAT(outcome.output, !Contains("| 32 | 3 -> 64 | 3, 1 | 1 | input gradient"));
  CHECK_THAT(outcome.output, Contains("All of a step: "));

  const auto printed = run_program(command + " --json");
  REQUIRE(printed.code == 0);
  const auto json = nlohmann::json::parse(printed.output);
  CHECK(json["peak_gflops"] > 1.0);
  CHECK(json["convolutions"].size() == 11);
  const auto& first = json["convolutions"][0];
  CHECK(first["input"] == nlohmann::json({2, 3, 32, 32}));
  CHECK(first["parts"].size() == 2);
  CHECK(first["parts"][0]["imgcls_ms"].is_null());
  CHECK(first["gflop"].get<double>() == Approx(2e-9 * 2 * 32 * 32 * 64 * 27));
}

TEST_CASE("bench convolutions refuses what it cannot measure, by name") {
  const auto model = run_program(kImgcls + "bench convolutions resnet19");
  CHECK(model.code == 2);
  CHECK_THAT(model.output, Contains("resnet19") && Contains("did you mean \"resnet18\""));
  const auto batch = run_program(kImgcls + "bench convolutions resnet18 --batch 1");
  CHECK(batch.code == 2);
  CHECK_THAT(batch.output, Contains("--batch"));
}
