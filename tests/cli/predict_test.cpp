// imgcls predict, models and export, and what eval writes, on a small trained run.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <fmt/format.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using nlohmann::json;
using test::FolderData;
using test::kImgcls;
using test::run_program;

namespace {

namespace fs = std::filesystem;

/// A run that knows its three colours.
struct Trained {
  Trained() { REQUIRE(run_program(data.train("run", "train.epochs=6")).code == 0); }

  std::string predict(const std::string& arguments) const {
    return kImgcls + "predict --run " + (data / "run").string() + " " + arguments;
  }
  std::string image(const std::string& name) const {
    return (data / ("data/val/" + name)).string();
  }

  FolderData data;
};

}  // namespace

TEST_CASE("a network of one channel is trained, evaluated, exported and shown grey images") {
  const FolderData data;
  const std::string grey = "data.channels=1 data.mean=[0.5,0.5,0.5] data.std=[0.25,0.25,0.25] ";
  const auto trained = run_program(data.train("run", grey));
  CAPTURE(trained.output);
  REQUIRE(trained.code == 0);
  CHECK(run_program(data.eval("run")).code == 0);
  const auto predicted = run_program(kImgcls + "predict --run " + (data / "run").string() + " " +
                                     (data / "data/val/red/0.jpg").string());
  CHECK(predicted.code == 0);
  const auto exported = run_program(kImgcls + "export --run " + (data / "run").string() + " -o " +
                                    (data / "x.onnx").string());
  CHECK_THAT(exported.output, Contains("images N x 1 x "));
  const auto unequal = run_program(data.train("other", "data.channels=1"));
  CHECK(unequal.code == 2);
  CHECK_THAT(unequal.output, Contains("give data.mean three equal numbers") && Contains("0.485"));
  CHECK_FALSE(fs::exists(data / "other"));
  CHECK(run_program(data.train("other", "data.channels=2")).code == 2);
}

TEST_CASE("predict names the classes of files, folders, lists and standard input") {
  const Trained trained;
  const std::string red = trained.image("red/3.jpg"), blue = trained.image("blue/0.jpg");
  const auto plain = run_program(trained.predict(red + " --top 2"));
  CHECK(plain.code == 0);
  CHECK_THAT(plain.output, Contains(red + "\n  ") && Contains(" %  red\n"));

  const auto csv =
      run_program(trained.predict((trained.data / "data/val").string() + " --csv --top 1"));
  CHECK(csv.code == 0);
  CHECK_THAT(csv.output, Contains("image,place,class,id,name,probability\n") &&
                             Contains(red + ",1,2,red,red,") && Contains(blue + ",1,0,blue,blue,"));
  CHECK(std::count(csv.output.begin(), csv.output.end(), '\n') == 28);

  // In a shell of its own, because run_program closes the standard input of what it runs.
  const auto piped = [&](const std::string& from) {
    return run_program("sh -c '" + from + " | " + trained.predict("- --json") + "'");
  };
  for (const auto& outcome : {piped("echo " + blue), piped("cat " + blue)}) {
    CHECK(outcome.code == 0);
    const json line = json::parse(outcome.output);
    CHECK(line.at("top").at(0).at("id") == "blue");
    CHECK(line.at("top").size() == 3);
  }
}

TEST_CASE("no input that cannot be used keeps predict from the others") {
  const Trained trained;
  const fs::path odd = trained.data / "odd";
  fs::create_directories(odd / "empty");
  fs::create_directory_symlink(odd, odd / "back");
  fs::create_symlink("loop", odd / "loop");
  fs::create_symlink("nowhere", odd / "dangling.jpg");
  fs::copy_file(trained.image("red/1.jpg"), odd / "good.JPG");
  const std::string long_name(300, 'x');
  const auto outcome = run_program(
      trained.predict(fmt::format("{0} {0}/loop {0}/empty {0}/absent {1} \xFF.jpg {2} --top 1",
                                  odd.string(), long_name, trained.image("blue/0.jpg"))));
  INFO(outcome.output);
  CHECK(outcome.code == 1);
  for (const char* name : {"odd/back leads back", "odd/dangling.jpg", "odd/loop",
                           "odd/empty holds no image", "odd/absent", long_name.c_str(),
                           "5 of 7 images have no result", "2 folders could not be read"}) {
    CHECK_THAT(outcome.output, Contains(name));
  }
  CHECK_THAT(outcome.output, Contains("good.JPG\n") && Contains("blue/0.jpg\n"));

  // The images of a list that has a line which is no path.
  const auto piped = run_program(fmt::format("sh -c 'printf \"%s\\r\\n%s\\n\" {} {} | {}'",
                                             trained.image("blue/0.jpg"), long_name,
                                             trained.predict("- --top 1")));
  CHECK(piped.code == 1);
  CHECK_THAT(piped.output, Contains("blue/0.jpg\n") && Contains(long_name));
}

TEST_CASE("an argument that no file can have is named, and ends eval") {
  const Trained trained;
  const std::string long_name(5000, 'y');
  for (const std::string& arguments :
       {long_name, "--model resnet18 --weights w --data " + long_name,
        std::string("--model resnet18 --weights w --data \xFF")}) {
    const auto outcome = run_program(kImgcls + "eval " + arguments);
    INFO(outcome.output);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.output, !Contains("terminate"));
  }
}

TEST_CASE("predict goes on after a broken image, and says so") {
  const Trained trained;
  const std::string broken = (trained.data / "broken.jpg").string();
  replace_file(broken, "\xFF\xD8\xFF no image");
  const auto outcome = run_program(trained.predict(broken + " " + trained.image("red/1.jpg")));
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("broken.jpg") && Contains("red/1.jpg") &&
                                 Contains("1 of 2 images have no result"));
  CHECK(run_program(trained.predict((trained.data / "absent.jpg").string())).code == 1);
  CHECK(run_program(kImgcls + "predict x.jpg").code == 2);
  CHECK_THAT(run_program(kImgcls + "predict x.jpg --model resnet19 --weights w").output,
             Contains("did you mean \"resnet1"));
}

TEST_CASE("eval writes each class's accuracy, the confusion matrix and its picture") {
  const Trained trained;
  const std::string output = (trained.data / "details").string();
  const auto outcome = run_program(trained.data.eval("run", "-o " + output));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("calibration error"));
  const json summary = json::parse(read_text(output + "/eval.json"));
  CHECK(summary.at("images") == 27);
  const std::string classes = read_text(output + "/per_class.csv");
  CHECK_THAT(classes, Contains("\n0,blue,9,") && Contains("\n2,red,9,"));
  CHECK_THAT(read_text(output + "/confusion.csv"), Contains("class,blue,green,red\n"));
  CHECK(std::filesystem::file_size(output + "/confusion.png") > 100);
  // Two ranks count the same.
  const std::string other = (trained.data / "other").string();
  REQUIRE(run_program(test::on_ranks(2, trained.data.eval("run", "-o " + other))).code == 0);
  CHECK(read_text(other + "/confusion.csv") == read_text(output + "/confusion.csv"));
  CHECK(read_text(other + "/eval.json") == read_text(output + "/eval.json"));
}

TEST_CASE("weights evaluate without a run, by the model's name") {
  const Trained trained;
  const std::string weights =
      (trained.data / "run/checkpoints/step-0000000030/weights.safetensors").string();
  const auto evaluated = [&](const fs::path& data) {
    const auto outcome =
        run_program(kImgcls + "eval --model resnet9 --weights " + weights + " --data " +
                    data.string() + " --size 16 --resize 0 model.width=4");
    INFO(outcome.output);
    CHECK(outcome.code == 0);
    return outcome.output.substr(outcome.output.find("images"));
  };
  const std::string of_run = run_program(trained.data.eval("run")).output;
  const std::string expected = of_run.substr(of_run.find("images"));
  const fs::path folder = trained.data / "data/val";
  CHECK(evaluated(folder) == expected);
  std::ofstream list(folder.parent_path() / "list.csv");
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const fs::path path = entry.path().lexically_relative(folder.parent_path());
    list << path.string() << ',' << path.parent_path().filename().string() << '\n';
  }
  list.close();
  CHECK(evaluated(folder.parent_path() / "list.csv") == expected);
}

TEST_CASE("models lists what there is, and export writes it for others") {
  const auto all = run_program(kImgcls + "models");
  CHECK(all.code == 0);
  CHECK_THAT(all.output, Contains("resnet50") && Contains("25557032") && Contains("4.089"));
  const json some = json::parse(run_program(kImgcls + "models resnet1 --json").output);
  CHECK(some.size() == 4);  // 18, 101, 152, wide 101
  CHECK(run_program(kImgcls + "models nothing").code == 2);

  const test::TempFolder folder;
  const std::string weights = (folder / "w.safetensors").string(),
                    onnx = (folder / "m.onnx").string();
  REQUIRE(run_program(kImgcls + "weights init resnet9 --seed 1 -o " + weights).code == 0);
  const auto exported = run_program(kImgcls + "export -m resnet9 -w " + weights + " -o " + onnx);
  CHECK(exported.code == 0);
  CHECK_THAT(exported.output, Contains("N x 3 x 32 x 32"));
  CHECK(std::filesystem::file_size(onnx) > 4'000'000);
}

TEST_CASE("a run's folder stands for its weights, and export needs no more") {
  const Trained trained;
  const std::string run = (trained.data / "run").string(),
                    onnx = (trained.data / "m.onnx").string(),
                    copy = (trained.data / "c.pth").string();
  const auto exported = run_program(kImgcls + "export --run " + run + " -o " + onnx);
  CHECK(exported.code == 0);
  CHECK_THAT(exported.output, Contains("resnet9, images N x 3 x 16 x 16 to logits N x 3"));
  CHECK_THAT(read_text(onnx),
             Contains("[\"blue\",\"green\",\"red\"]") && Contains("[0.485,0.456,0.406]"));
  CHECK(run_program(kImgcls + "export -o x.onnx").code == 2);
  CHECK(run_program(kImgcls + "export --run " + run + " -m resnet9 -o x.onnx").code == 2);

  CHECK(fs::read_symlink(run + "/last") == "checkpoints/step-0000000030");
  CHECK(run_program(kImgcls + "weights convert " + run + " " + copy).code == 0);
  CHECK(run_program(kImgcls + "weights diff " + run + "/last " + copy).code == 0);
  CHECK_THAT(run_program(kImgcls + "weights show " + run).output, Contains("fc.weight"));
  const auto by_folder = run_program(trained.data.eval("run", "--weights " + run + "/last"));
  CHECK(by_folder.code == 0);
  const auto by_run = run_program(trained.data.eval("run"));
  CHECK(by_folder.output.substr(by_folder.output.find("images")) ==
        by_run.output.substr(by_run.output.find("images")));
  const auto no_run = run_program(kImgcls + "weights show " + (trained.data / "data").string());
  CHECK(no_run.code == 1);
  CHECK_THAT(no_run.output, Contains("is not a run's folder"));
}

TEST_CASE("a run starts from other weights, with a new head and frozen layers") {
  const Trained trained;
  const std::string weights =
      (trained.data / "run/checkpoints/step-0000000030/weights.safetensors").string();
  const auto tuned = run_program(trained.data.train(
      "tuned",
      "model.weights=" + weights + " model.new_head=true 'model.freeze=[\"^prep\",\"^layer\"]'"));
  CHECK(tuned.code == 0);
  const auto difference = run_program(
      kImgcls + "weights diff " + weights + " " +
      (trained.data / "tuned/checkpoints/step-0000000010/weights.safetensors").string());
  CHECK_THAT(difference.output, Contains("fc.weight") && !Contains("layer1.conv.weight"));
  const auto wrong = run_program(trained.data.train("wrong", "'model.freeze=[\"nothing\"]'"));
  CHECK(wrong.code != 0);
  CHECK_THAT(wrong.output, Contains("model.freeze: \"nothing\" is not a part of resnet9") &&
                               Contains("known: backbone, prep"));
  const std::string run = (trained.data / "run").string();
  const auto head = run_program(trained.data.train(
      "head", "model.weights=" + run + " model.new_head=true 'model.freeze=[\"backbone\"]'"));
  CHECK(head.code == 0);
  CHECK_THAT(head.output, Contains("147 of them trained") &&
                              Contains("starts from " + run + "/checkpoints/step-0000000030"));
  const auto again = run_program(trained.data.train(
      "head", "model.weights=" + run + " model.new_head=true 'model.freeze=[\"backbone\"]'"));
  CHECK(again.code == 0);  // it has its own weights now
  CHECK_THAT(again.output, !Contains("starts from"));
}

TEST_CASE("the example with threads names a class for each photo, and each broken one") {
  const FolderData data;
  const std::string weights = (data / "w.safetensors").string();
  REQUIRE(run_program(kImgcls + "weights init squeezenet1_1 -o " + weights).code == 0);
  replace_file(data / "data/val/red/broken.jpg", "no image");
  const auto outcome =
      run_program(IMGCLS_BINARY_DIR "/bin/030-classify-from-threads squeezenet1_1 " + weights +
                  " " + (data / "data/val").string());
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 28);
  CHECK_THAT(outcome.output,
             Contains((data / "data/val/blue/0.jpg").string() + ": ") && Contains("broken.jpg"));
  CHECK(run_program(IMGCLS_BINARY_DIR "/bin/030-classify-from-threads").code == 2);
}
