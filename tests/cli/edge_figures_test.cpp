// A model that gives NaN, from the first program to the last: all of them say so, and stay whole.
#include "folder_data.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/core/file.h>
#include <imgcls/weights/parse.h>

#include <fmt/format.h>
#include <paths.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using nlohmann::json;
using test::FolderData;
using test::kImgcls;
using test::run_program;

namespace {

namespace fs = std::filesystem;

/// A NaN with the sign that x86's have.
constexpr float kNan = -std::numeric_limits<float>::quiet_NaN();

/// A copy of a file of weights, with another first value of a tensor; its path.
std::string with_value(const fs::path& weights, const std::string& tensor, float value,
                       const fs::path& copy) {
  const FileSource file(weights);
  const weights::Listing listing = weights::parse_weights(file);
  const auto found = std::ranges::find(listing.tensors, tensor, &weights::StoredTensor::name);
  REQUIRE(found != listing.tensors.end());
  std::string bytes = read_text(weights);
  std::memcpy(bytes.data() + listing.place(*found).offset, &value, sizeof value);
  replace_file(copy, bytes);
  return copy.string();
}

/// Trains a run, and gives its weights.
fs::path trained_weights(const FolderData& data) {
  REQUIRE(run_program(data.train("run", "train.epochs=1")).code == 0);
  return data / "run/checkpoints/step-0000000005/weights.safetensors";
}

/// The names of a folder's files, at any depth, that hold `text`.
std::string holding(const fs::path& folder, const std::string& text) {
  std::string names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const bool is_text = entry.path().extension() != ".safetensors" &&
                         entry.path().extension() != ".png" && entry.path().extension() != ".jpg";
    if (!entry.is_regular_file() || !is_text) continue;
    if (read_text(entry.path()).find(text) != std::string::npos) {
      names += entry.path().filename().string() + " ";
    }
  }
  return names;
}

}  // namespace

TEST_CASE("eval of a model that gives NaN finds nothing right, on any number of ranks") {
  const FolderData data;
  const std::string weights =
      with_value(trained_weights(data), "fc.weight", kNan, data / "broken.safetensors");
  const std::string one = (data / "one").string(), two = (data / "two").string();
  const auto outcome = run_program(data.eval("run", "--weights " + weights + " -o " + one));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output,
             Contains("top-1    0.0000 %  0 right\n") && Contains("top-5    0.0000 %  0 right\n") &&
                 Contains("loss        nan\n") && Contains("calibration error nan\n") &&
                 Contains("27 images have no prediction"));
  const json summary = json::parse(read_text(one + "/eval.json"));
  CHECK(summary.at("top1") == 0);
  CHECK(summary.at("loss").is_null());
  CHECK_THAT(read_text(one + "/per_class.csv"),
             Contains("0,blue,9,0,0.0000,\n1,green,9,0,0.0000,\n2,red,9,0,0.0000,\n"));
  CHECK_THAT(read_text(one + "/mistakes.csv"), Contains(",blue,,nan,nan,"));
  REQUIRE(run_program(test::on_ranks(2, data.eval("run", "--weights " + weights + " -o " + two)))
              .code == 0);
  for (const char* file : {"/eval.json", "/per_class.csv", "/confusion.csv", "/mistakes.csv"}) {
    CHECK(read_text(one + file) == read_text(two + file));
  }
}

TEST_CASE("a run whose evaluations are NaN has all its files, a report and no prediction") {
  const FolderData data;
  // Training does not use the running statistics, so its own figures are sound. All are finite, and
  // one has no root.
  const std::string weights =
      with_value(trained_weights(data), "prep.bn.running_var", -1e30F, data / "broken.safetensors");
  const auto trained = run_program(
      data.train("nan", "model.weights=" + weights + " log.wandb=true log.tensorboard=true"));
  CHECK(trained.code == 0);
  CHECK_THAT(trained.output, Contains(" nan ") && Contains("done: top-1 0.00 %"));
  CHECK_THAT(read_text(data / "nan/train_log.csv"), Contains(",nan,0.0000,0.0000,"));
  CHECK(json::parse(read_text(data / "nan/eval/eval.json")).at("without_prediction") == 27);
  // TensorBoard's file has the tag val/loss, and W&B's its NaN in the client's writing.
  CHECK_THAT(holding(data / "nan/wandb", "NaN"), Contains(".wandb"));
  CHECK(holding(data / "nan", "-nan").empty());

  const auto report = run_program(kImgcls + "report " + (data / "nan").string() + " --png " +
                                  (data / "figures").string());
  CHECK(report.code == 0);
  const std::string page = read_text(data / "nan/report.html");
  CHECK_THAT(page, Contains("\"without_prediction\":27") && Contains("\"predicted\":\"\"") &&
                       Contains("\"val_loss\":[null,null]"));

  const std::string image = (data / "data/val/red/3.jpg").string();
  const auto predicted =
      run_program(kImgcls + "predict --run " + (data / "nan").string() + " " + image);
  CHECK(predicted.code == 1);
  CHECK_THAT(predicted.output, Contains(image + ": the model gives a NaN") &&
                                   Contains("1 of 1 images have no result") && !Contains("nan %"));
}
