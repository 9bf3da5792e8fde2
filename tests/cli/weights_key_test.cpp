// Which of several weights in a file is taken: every command that reads such a file.
#include "../support/run_program.h"
#include "../support/temp_folder.h"
#include "folder_data.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/core/file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/safetensors.h>

#include <paths.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::kImgcls;
using test::run_program;

namespace {

/// A file with the tensors of two, whose names have "model." before them, and "ema.module.".
void join(const std::string& a, const std::string& b, const std::filesystem::path& joined) {
  std::vector<weights::StoredTensor> tensors;
  std::vector<std::byte> values;
  for (const auto& [path, prefix] : {std::pair(a, "model."), std::pair(b, "ema.module.")}) {
    const FileSource file(path);
    const weights::Listing listing = weights::parse_weights(file);
    for (const weights::StoredTensor& tensor : listing.tensors) {
      tensors.push_back(tensor);
      tensors.back().name = prefix + tensor.name;
      const weights::Place place = listing.place(tensor);
      const auto bytes = file.bytes(place.offset, place.size);
      values.insert(values.end(), bytes.begin(), bytes.end());
    }
  }
  const std::string head = weights::safetensors_head(tensors);
  const auto bytes = std::as_bytes(std::span(head));
  values.insert(values.begin(), bytes.begin(), bytes.end());
  write_synced(joined, values);
}

/// The network of FolderData's runs, drawn twice, and both in one file.
struct TwoWeights {
  TwoWeights() {
    for (const int seed : {1, 2}) {
      const auto made = run_program(kImgcls + "weights init resnet9 --classes 3 " +
                                    (data / "config.json").string() + " --seed " +
                                    std::to_string(seed) + " -o " + (seed == 1 ? a : b));
      REQUIRE(made.code == 0);
    }
    join(a, b, both);
  }

  test::FolderData data;
  std::string a = (data / "a.safetensors").string(), b = (data / "b.safetensors").string(),
              both = (data / "both.safetensors").string();
};

std::string bytes_of(const std::filesystem::path& path) {
  return read_text(path);
}

}  // namespace

TEST_CASE("the weights commands take --key") {
  const TwoWeights files;
  const test::TempFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  REQUIRE(run_program(kImgcls + "weights convert --key ema " + files.both + " " + out).code == 0);
  CHECK(run_program(kImgcls + "weights diff " + files.b + " " + out).code == 0);
  CHECK(run_program(kImgcls + "weights diff " + files.a + " " + out).code == 1);
  REQUIRE(run_program(kImgcls + "weights average --key model " + files.both + " -o " + out).code ==
          0);
  CHECK(run_program(kImgcls + "weights diff " + files.a + " " + out).code == 0);
  const std::string diff = kImgcls + "weights diff " + files.both + " " + files.both + " ";
  CHECK(run_program(diff + "--key model").code == 0);
  CHECK(run_program(diff + "--key model --key ema").code == 1);
  CHECK(run_program(kImgcls + "weights diff --key ema " + files.both + " " + files.both).code == 0);
  CHECK_THAT(run_program(kImgcls + "weights show --key ema " + files.both).output,
             Contains("\nfc.weight") && !Contains("ema.") && !Contains("module."));
  const auto wrong = run_program(kImgcls + "weights show --key nothing " + files.both);
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.output,
             Contains("both.safetensors: there is nothing under the key \"nothing\"") &&
                 Contains("\"model\", \"ema\""));
}

TEST_CASE("a command says which of several state dicts it takes") {
  const auto shown = run_program(kImgcls + "weights show " IMGCLS_SOURCE_DIR
                                           "/tests/weights/pth_beside/averaged.pth");
  CHECK(shown.code == 0);
  CHECK_THAT(shown.output, Contains("averaged.pth: state_dict is taken; there is also "
                                    "state_dict_ema (--key, model.weights_key)"));
  CHECK_THAT(run_program(kImgcls + "weights show --values --key state_dict_ema " IMGCLS_SOURCE_DIR
                                   "/tests/weights/pth_beside/averaged.pth")
                 .output,
             Contains("min 3  max 4") && !Contains("is taken"));
}

TEST_CASE("eval, export and a run take the weights under a key") {
  const TwoWeights files;
  const auto images = [&](const std::string& weights) {
    const auto outcome = run_program(kImgcls + "eval " + (files.data / "config.json").string() +
                                     " data.root=" + (files.data / "data").string() +
                                     " run.dir=" + (files.data / "none").string() + " " + weights);
    INFO(outcome.output);
    REQUIRE(outcome.code == 0);
    return outcome.output.substr(outcome.output.find("images"));
  };
  const std::string of_b = images("-w " + files.b);
  CHECK(images("-w " + files.both + " --key ema") == of_b);
  CHECK(images("-w " + files.both) == images("-w " + files.a));
  CHECK(images("-w " + files.a) != of_b);

  const auto started = run_program(files.data.train(
      "run", "optimizer.lr=1e-30 optimizer.weight_decay=0 train.max_steps=1 model.weights=" +
                 files.both + " model.weights_key=ema"));
  INFO(started.output);
  REQUIRE(started.code == 0);
  const std::string trained =
      (files.data / "run/checkpoints/step-0000000001/weights.safetensors").string();
  CHECK_THAT(run_program(kImgcls + "weights diff " + files.b + " " + trained).output,
             !Contains("weight:") && Contains("running_mean"));
  const auto told =
      run_program(files.data.train("told", "train.max_steps=1 model.weights=" + files.both));
  CHECK(told.code == 0);
  for (const std::string& text : {told.output, read_text(files.data / "told/log.txt")}) {
    CHECK_THAT(text, Contains("left out, since not the model's: ema.module."));
  }
  const auto alone = run_program(files.data.train("alone", "model.weights_key=ema"));
  CHECK(alone.code == 2);
  CHECK_THAT(alone.output, Contains("model.weights_key=ema") && Contains("model.weights"));
}

TEST_CASE("predict and export take the weights under a key") {
  const test::FolderData data;
  const std::string a = (data / "a.safetensors").string(), b = (data / "b.safetensors").string(),
                    both = (data / "both.safetensors").string();
  REQUIRE(run_program(kImgcls + "weights init squeezenet1_1 --seed 1 -o " + a).code == 0);
  REQUIRE(run_program(kImgcls + "weights init squeezenet1_1 --seed 2 -o " + b).code == 0);
  join(a, b, both);
  const std::string predict = kImgcls + "predict --json " + (data / "data/val/red").string() +
                              " -m squeezenet1_1 2>/dev/null -w ";
  const std::string of_b = run_program(predict + b).output;
  CHECK(run_program(predict + both + " --key ema").output == of_b);
  CHECK(run_program(predict + a).output != of_b);
  CHECK(run_program(predict + both + " --run " + a + " --key ema").code == 2);
  const auto exported = [&](const std::string& weights, const std::string& name) {
    const std::string file = (data / name).string();
    REQUIRE(run_program(kImgcls + "export -m squeezenet1_1 -w " + weights + " -o " + file).code ==
            0);
    return bytes_of(file);
  };
  CHECK(exported(both + " --key ema", "1.onnx") == exported(b, "2.onnx"));
}
