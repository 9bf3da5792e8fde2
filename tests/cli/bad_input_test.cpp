// What a user sees who gives the programs something wrong: which thing, and what would be right.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

/// Cuts a file in half.
void truncate(const std::filesystem::path& file) {
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
}

}  // namespace

TEST_CASE("an unknown key is refused with the nearest one, and nothing is created") {
  const FolderData data;
  const auto outcome = run_program(data.train("run", "train.epoch=3"));
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.output, Contains("train.epoch") && Contains("train.epochs"));
  CHECK_FALSE(std::filesystem::exists(data / "run"));
}

TEST_CASE("a wrong chain of operations is refused in a line, and nothing is created") {
  const FolderData data;
  const auto refused = [&](const std::string& operations, const std::string& more = "") {
    const auto outcome =
        run_program(data.train("run", "'augment.operations=" + operations + "' " + more));
    CHECK(outcome.code == 2);
    CHECK(times(outcome.output, "\n") == 1);
    CHECK_FALSE(std::filesystem::exists(data / "run"));
    return outcome.output;
  };
  CHECK_THAT(refused(R"([{"name":"colour_jitter"}])"),
             Contains("augment.operations[0].name: no \"colour_jitter\"; did you mean "
                      "\"color_jitter\"?"));
  CHECK_THAT(refused(R"([{"name":"invert"},{"name":"solarize","threshold":300}])"),
             Contains("augment.operations[1].threshold must be a number of at least 0 and at most "
                      "256, not 300"));
  CHECK_THAT(refused(R"([{"name":"posterize","bits":0}])"),
             Contains("augment.operations[0].bits must be an integer of at least 1 and at most 8, "
                      "not 0"));
  CHECK_THAT(refused(R"([{"name":"grayscale","p":1.5}])"),
             Contains("augment.operations[0].p must be a number of at least 0 and at most 1, not "
                      "1.5"));
  CHECK_THAT(refused(R"([{"name":"erase","area":[0.5,0.1]}])"),
             Contains("augment.operations[0].area must be [smallest, largest], not [0.5, 0.1]"));
  CHECK_THAT(refused(R"([{"name":"one_of","operations":[{"name":"invert","p":-1}]}])"),
             Contains("augment.operations[0].operations[0].p must be a number of at least 0"));
  CHECK_THAT(refused("[]", "augment.policy=augmax"), Contains("\"augmix\""));
  CHECK_THAT(refused("[]", "augment.policy=augmix augment.augmix.severity=11"),
             Contains("augment.augmix.severity must be an integer of at least 1 and at most 10, "
                      "not 11"));
  CHECK_THAT(refused("[]", "augment.views=3"), Contains("augment.views must be 1, not 3"));
  CHECK_THAT(refused("[]", "loss.name=jsd"), Contains("give augment.views=3"));
}

TEST_CASE("a missing folder is named, and nothing is created") {
  const FolderData data;
  const auto outcome = run_program(data.train("run", "data.train=trian"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains((data / "data/trian").string()));
  CHECK_FALSE(std::filesystem::exists(data / "run"));
}

TEST_CASE("an empty class folder is named") {
  const FolderData data;
  make_folders(data / "data/train/yellow");
  const auto outcome = run_program(data.train("run"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("yellow"));
}

TEST_CASE("different classes in training and evaluation are refused") {
  const FolderData data;
  std::filesystem::remove_all(data / "data/val/red");
  const auto outcome = run_program(data.train("run"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("3 classes") && Contains("2"));
}

TEST_CASE("a truncated JPEG stops the run, or is skipped and counted") {
  const FolderData data;
  truncate(data / "data/train/green/7.jpg");
  truncate(data / "data/val/red/3.jpg");
  const auto stopped = run_program(data.train("stop"));
  CHECK(stopped.code == 1);
  CHECK_THAT(stopped.output, Contains("green/7.jpg"));

  const auto skipped = run_program(data.train("skip", "data.on_error=skip"));
  CHECK(skipped.code == 0);
  CHECK_THAT(skipped.output, Contains("skipped") && Contains("green/7.jpg") &&
                                 Contains("red/3.jpg") && Contains("of 26)"));
}

TEST_CASE("a truncated JPEG that one rank meets ends the job on all") {
  const FolderData data;
  truncate(data / "data/train/green/7.jpg");
  const auto outcome = run_program(test::on_ranks(2, data.train("run")));
  CHECK(outcome.code != 0);
  CHECK_THAT(outcome.output, Contains("green/7.jpg"));
}

TEST_CASE("weights of another shape are refused with the names that do not fit") {
  const FolderData data;
  REQUIRE(run_program(data.train("run")).code == 0);
  const auto outcome = run_program(data.eval("run", "model.width=8"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("wrong shape") && Contains("does not fit"));
}

TEST_CASE("a batch that the ranks cannot share is refused once") {
  const FolderData data;
  const auto outcome = run_program(test::on_ranks(2, data.train("run", "train.batch=15")));
  CHECK(outcome.code != 0);
  CHECK_THAT(outcome.output, Contains("15") && Contains("2"));
  CHECK(times(outcome.output, "multiple") == 1);
}

TEST_CASE("a batch larger than the data is refused") {
  const FolderData data;
  const auto outcome = run_program(data.train("run", "train.batch=61"));
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.output, Contains("61") && Contains("60"));
}

TEST_CASE("a broken checkpoint is said to be, and the newest good one is used") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "checkpoint.every_steps=1 train.max_steps=4")).code == 0);
  truncate(data / "run/checkpoints/step-0000000004/optimizer.safetensors");
  const auto outcome = run_program(data.train("run"));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("step-0000000004 is broken") &&
                                 Contains("optimizer.safetensors") && Contains("step 3 of 10"));
}

TEST_CASE("a run is not continued with another configuration") {
  const FolderData data;
  REQUIRE(run_program(data.train("run", "train.max_steps=2")).code == 0);
  const auto outcome = run_program(data.train("run", "optimizer.lr=0.2"));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("(optimizer.lr: 0.05 before, 0.2 now)"));
}

TEST_CASE("a word that is no command is named, with the nearest one") {
  const auto unknown = run_program(test::kImgcls + "frobnicate runs/a");
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.output, Contains("\"frobnicate\" is not a command of `imgcls`") &&
                                 Contains("`imgcls --help` lists"));
  const auto longer = run_program(test::kImgcls + "evaluate runs/a");
  CHECK(longer.code == 2);
  CHECK_THAT(longer.output, Contains("did you mean \"eval\"?"));
  const auto near = run_program(test::kImgcls + "weights shwo a.pth");
  CHECK(near.code == 2);
  CHECK_THAT(near.output,
             Contains("\"shwo\" is not a command of `imgcls weights`; did you mean \"show\"? `"));
  const auto none = run_program(test::kImgcls + "weights");
  CHECK(none.code == 2);
  CHECK_THAT(none.output, Contains("A subcommand is required"));
}

TEST_CASE("an option that a command lacks is answered by its own, or by a key") {
  const auto refused = [](const std::string& line) {
    const auto outcome = run_program(test::kImgcls + line);
    CHECK(outcome.code == 2);
    return outcome.output;
  };
  CHECK_THAT(refused("eval runs/a --weigths w.pth"),
             Contains("`imgcls eval` has no option --weigths; did you mean --weights?"));
  CHECK_THAT(refused("train --batch 32"),
             Contains("argument --batch: keys are written without dashes: train.batch=32"));
  CHECK_THAT(refused("train x.json --train.epochs=3"), Contains(": train.epochs=3"));
  CHECK_THAT(refused("models --frobnicate"),
             Contains("`imgcls models` has no option --frobnicate; `imgcls models --help` lists"));
  const auto program = run_program(IMGCLS_BINARY_DIR "/bin/train_resnet50 --batch 32");
  CHECK(program.code == 2);
  CHECK_THAT(program.output, Contains("train.batch=32"));
}

TEST_CASE("help and --version are answered as everywhere") {
  for (const std::string program : {"train_resnet50", "imgcls"}) {
    const auto version = run_program(IMGCLS_BINARY_DIR "/bin/" + program + " --version");
    CHECK(version.code == 0);
    CHECK_THAT(version.output, Contains("imgcls 0.") && Contains("with LibTorch 2."));
  }
  CHECK(run_program(test::kImgcls + "help").output == run_program(test::kImgcls + "--help").output);
  const auto help = run_program(test::kImgcls + "help weights show");
  CHECK(help.code == 0);
  CHECK_THAT(help.output, Contains("imgcls weights show --values"));
}

TEST_CASE("a run's folder that is not there is named as such") {
  for (const std::string line :
       {"eval nope", "predict x.jpg --run nope", "export --run nope -o x.onnx"}) {
    INFO(line);
    const auto outcome = run_program(test::kImgcls + line);
    CHECK((outcome.code == 1 || outcome.code == 2));
    CHECK_THAT(outcome.output, Contains("there is no folder nope"));
  }
}

TEST_CASE("an argument in brackets is one argument") {
  const auto config = run_program(test::kImgcls + "train '[a,b]'");
  CHECK(config.code == 2);
  CHECK_THAT(config.output, Contains("[a,b]"));
  const auto job = run_program(test::kImgcls + "launch -n 1 -- echo '[a,b]' '[c]'");
  CHECK(job.code == 0);
  CHECK_THAT(job.output, Contains("[a,b] [c]"));
}

TEST_CASE("without arguments, or with --help, programs say how they are used") {
  for (const std::string program : {"train_resnet50", "imgcls"}) {
    const std::string path = IMGCLS_BINARY_DIR "/bin/" + program;
    CHECK(run_program(path).code == 2);
    const auto help = run_program(path + " --help");
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("Usage") && Contains(program));
  }
  const auto help = run_program(IMGCLS_BINARY_DIR "/bin/imgcls eval --help");
  CHECK(help.code == 0);
  CHECK_THAT(help.output, Contains("Examples"));
}
