// Reading a run's folder: whole, partial, half-written, broken, foreign.
#include "../support/temp_folder.h"
#include "synthetic_run.h"

#include <imgcls/core/error.h>
#include <imgcls/report/page.h>
#include <imgcls/report/report_json.h>
#include <imgcls/report/run_files.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr const char* kHeader =
    "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n";

report::Run read_one(const fs::path& folder) {
  const std::vector<fs::path> folders{folder};
  return report::read_runs(folders).front();
}

std::vector<fs::path> find(const std::vector<fs::path>& arguments) {
  return report::find_runs(arguments);
}

}  // namespace

TEST_CASE("a whole run is read") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.seed = 1, .classes = {"x, \"y\"", "two\nlines", "z"}});
  const report::Run run = read_one(folder / "a");
  CHECK(run.name == "a");
  CHECK(run.config.at("train").at("seed") == 1);
  CHECK(run.sessions.size() == 2);
  REQUIRE(run.evaluations.size() == 16);
  CHECK(run.evaluations.back().step == 16 * 97);
  CHECK(run.steps.size() == 155);
  REQUIRE(run.eval);
  REQUIRE(run.eval->classes.size() == 3);
  CHECK(run.eval->classes[0].name == "x, \"y\"");
  CHECK(run.eval->classes[1].name == "two\nlines");
  REQUIRE(run.eval->confusion);
  std::int64_t confused = 0, images = 0;
  for (const report::Confusion& pair : *run.eval->confusion) confused += pair.images;
  for (const report::ClassResult& item : run.eval->classes) images += item.images;
  CHECK(confused == images);
  REQUIRE(run.eval->mistakes.size() == 12);
  CHECK(run.eval->mistakes[0].truth == "two\nlines");
  CHECK(run.eval->mistakes[0].thumbnail.starts_with("\xff\xd8\xff"));
  CHECK(run.classes == 3);
  REQUIRE(run.augmented.size() == 8);
  CHECK(run.augmented[0].label == "x, \"y\"");
  CHECK(run.augmented[0].picture.starts_with("\xff\xd8\xff"));
}

TEST_CASE("a training image of a class without a name has its number") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {});
  std::ofstream(folder / "a/augmented/augmented.csv")
      << "step,sample,label,picture\n1,5,40,01.jpg\n1,6,2,../classes.txt\n";
  const report::Run run = read_one(folder / "a");
  REQUIRE(run.augmented.size() == 2);
  CHECK(run.augmented[0].label == "class 40");
  CHECK(run.augmented[1].picture.empty());
}

TEST_CASE("classes have names where classes.txt has them") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.classes = {"n01", "n02"}});
  std::ofstream(folder / "a/classes.txt") << "n01\ttench\nn02\n";
  const report::Run run = read_one(folder / "a");
  CHECK(run.eval->classes[0].name == "tench");
  CHECK(run.eval->classes[1].name == "n02");
  CHECK(run.eval->mistakes[0].predicted == "n02");
  CHECK(run.eval->mistakes[1].truth == "tench");
}

TEST_CASE("a run of nothing but a configuration is a run") {
  const test::TempFolder folder;
  folder.write("config.json", "{}");
  const report::Run run = read_one(folder.path());
  CHECK(run.evaluations.empty());
  CHECK(run.steps.empty());
  CHECK(run.sessions.empty());
  CHECK_FALSE(run.eval);
}

TEST_CASE("a run on images with several classes has mAP where others have accuracies") {
  const test::TempFolder folder;
  fs::create_directories(folder / "eval");
  fs::create_directories(folder / "augmented");
  folder.write("config.json", R"({"data": {"multi_label": true}, "train": {"epochs": 2}})");
  folder.write("classes.txt", "cat\ndog\nowl\n");
  folder.write(
      "train_log.csv",
      "epoch,step,train_loss,val_loss,val_map,val_micro_f1,val_macro_f1,time,checkpoint_dir\n"
      "1,10,0.5,0.4,61.5,50,40,3,\n2,20,0.4,0.5,60,51,41,6,\n");
  folder.write("eval/eval.json", R"({"map": 60.0, "classes_without_images": 1})");
  folder.write("eval/per_class.csv",
               "class,id,images,found,wrong,ap,f1\n0,cat,4,2,1,75.0000,57.1429\n"
               "1,dog,5,5,2,45.0000,83.3333\n2,owl,0,0,1,,\n");
  folder.write("augmented/augmented.csv", "step,sample,label,picture\n1,5,0 1,\n1,6,,\n1,7,7,\n");
  const report::Run run = read_one(folder.path());
  CHECK(run.multi_label);
  REQUIRE(run.evaluations.size() == 2);
  CHECK(run.evaluations[0].val_map == 61.5);
  CHECK(std::isnan(run.evaluations[0].val_acc1));
  CHECK(run.eval->classes[0].ap == 0.75);
  CHECK(std::isnan(run.eval->classes[2].ap.value()));
  CHECK(run.augmented[0].label == "cat, dog");
  CHECK(run.augmented[1].label.empty());
  CHECK(run.augmented[2].label == "class 7");

  const nlohmann::json told = report::report_json(std::vector{run}, {}).at("runs")[0];
  CHECK(told.at("multi_label") == true);
  CHECK(told.at("best_map").at("value") == 61.5);
  CHECK(told.at("best_map").at("epoch") == 1);
  CHECK(told.at("final").at("map") == 60);
  CHECK(told.at("final").at("acc1").is_null());
  CHECK(told.at("eval").at("classes")[1].at("ap") == 0.45);
  CHECK(told.at("eval").at("classes")[2].at("ap").is_null());

  folder.write("augmented/augmented.csv", "step,sample,label,picture\n1,5,0 x,\n");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("augmented.csv:2: label must be"));
  folder.write("train_log.csv", kHeader);
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("train_log.csv:1: no column \"val_map\""));
}

TEST_CASE("a last line without its end is left out, wherever it is cut") {
  const test::TempFolder folder;
  const std::string row = "1,10,2.5,2.25,30.5,70,12.5,\n";
  const std::string text = kHeader + row + "2,20" + row.substr(4);
  for (std::size_t length = 0; length <= text.size(); ++length) {
    folder.write("train_log.csv", text.substr(0, length));
    const report::Run run = read_one(folder.path());
    const std::size_t whole = length == text.size()                ? 2
                              : length >= text.size() - row.size() ? 1
                                                                   : 0;
    CHECK(run.evaluations.size() == whole);
  }
}

TEST_CASE("a broken or foreign file is refused with its line") {
  const test::TempFolder folder;
  const auto log = [&](const std::string& rows) { folder.write("train_log.csv", kHeader + rows); };
  log("1,10,2.5,2.2,30,70,12,\n2,20,2.5\n");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("train_log.csv:3: 3 fields"));
  log("1,10,2.5,2.2,30,70,12,\n2,20,zwei,2.2,30,70,12,\n");
  CHECK_THROWS_WITH(read_one(folder.path()),
                    Contains("train_log.csv:3: train_loss must be a number, not \"zwei\""));
  log("1,20,2.5,2.2,30,70,12,\n2,20,2,2.2,30,70,12,\n");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("train_log.csv:3: step must be above 20"));
  log("one,20,2.5,2.2,30,70,12,\n");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("epoch must be a whole number"));
  folder.write("train_log.csv", "day,rain\n1,2\n");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("train_log.csv:1: no column \"epoch\""));
  folder.write("train_log.csv", std::string("\x89PNG\r\n\x1a\n\0\0", 10));
  CHECK_THROWS_AS(read_one(folder.path()), DataError);
  fs::remove(folder / "train_log.csv");
  folder.write("config.json", "{\"train\": ");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("config.json: broken JSON"));
  const std::string deep(100'000, '[');
  folder.write("config.json", "{\"train\": " + deep + std::string(100'000, ']') + "}");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("config.json: broken JSON: nested deeper"));
  folder.write("config.json", "[1]");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("expected a JSON object"));
  folder.write("config.json", "{}");
  folder.write("environment.json", "{\"sessions\": [1]}");
  CHECK_THROWS_WITH(read_one(folder.path()), Contains("must be a list of objects"));
}

TEST_CASE("numbers that are none are read as such") {
  const test::TempFolder folder;
  folder.write("steps.csv", "step,loss,grad_norm\n5,nan,\n10,inf,2\n");
  const report::Run run = read_one(folder.path());
  REQUIRE(run.steps.size() == 2);
  CHECK(std::isnan(run.steps[0].loss));
  CHECK(std::isnan(run.steps[0].grad_norm));
  CHECK(std::isnan(run.steps[0].lr));  // a column that is not there
  CHECK(std::isinf(run.steps[1].loss));
}

TEST_CASE("an image without a prediction is read, and its figures are null in the page") {
  const test::TempFolder folder;
  folder.write("config.json", "{}");
  fs::create_directory(folder / "eval");
  folder.write("eval/eval.json", R"({"loss": null, "calibration_error": null})");
  folder.write("eval/per_class.csv", "class,id,images,right\n0,a,2,1\n1,b,1,1\n");
  folder.write("eval/confusion.csv", "class,a,b\na,1,0\nb,0,1\n");
  folder.write("eval/mistakes.csv",
               "place,sample,name,class,predicted,probability,loss,thumbnail\n"
               "1,7,x.jpg,a,,nan,nan,\n2,8,y.jpg,a,b,1,inf,\n");
  const std::vector<report::Run> runs{read_one(folder.path())};
  REQUIRE(runs[0].eval->mistakes.size() == 2);
  CHECK(runs[0].eval->mistakes[0].predicted.empty());
  CHECK(std::isnan(runs[0].eval->mistakes[0].loss));
  const auto page = nlohmann::json::parse(report::json_text(report::report_json(runs, {})));
  const auto& eval = page.at("runs").at(0).at("eval");
  CHECK(eval.at("classes").at(0).at("images") == 2);
  CHECK(eval.at("confusion").at(0) == std::vector<int>{1, 0});
  CHECK(eval.at("mistakes").at(0).at("predicted") == "");
  CHECK(eval.at("mistakes").at(0).at("probability").is_null());
  CHECK(eval.at("mistakes").at(0).at("loss").is_null());
  CHECK(eval.at("mistakes").at(1).at("loss").is_null());
}

TEST_CASE("names of any bytes are shown as the files have them, in UTF-8") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.classes = {"$'two\\nlines'", "$'caf\\xe9'"}});
  std::ofstream(folder / "a/classes.txt") << "$'two\\nlines'\n$'caf\\xe9'\tcoffee\n";
  const std::vector<report::Run> runs{read_one(folder / "a")};
  CHECK(runs[0].eval->classes[0].name == "$'two\\nlines'");
  CHECK(runs[0].eval->classes[1].name == "coffee");
  const std::string page = report::json_text(report::report_json(runs, {}));
  CHECK_THAT(page, Contains("$'two\\\\nlines'") && !Contains("\xEF\xBF\xBD"));
}

TEST_CASE("of many classes the pairs that occurred are read") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.classes = {"x", "y", "z"}});
  const fs::path eval = folder / "a/eval";
  fs::remove(eval / "confusion.csv");
  std::ofstream(eval / "confusion_pairs.csv") << "class,predicted,images\n0,0,4\n0,2,1\n2,1,3\n";
  const std::vector<report::Run> runs{read_one(folder / "a")};
  REQUIRE(runs[0].eval->confusion);
  CHECK(runs[0].eval->confusion->size() == 3);
  const auto page = nlohmann::json::parse(report::json_text(report::report_json(runs, {})));
  const auto& json = page.at("runs").at(0).at("eval");
  CHECK(json.at("confusion").at(2) == std::vector<int>{0, 3, 0});
  REQUIRE(json.at("confused").size() == 2);
  CHECK(json.at("confused").at(0).at("truth") == "z");
  CHECK(json.at("confused").at(0).at("images") == 3);
  for (const std::string row : {"3,0,1", "0,3,1", "0,-1,1", "0,0,0", "0,0,x", "0,0"}) {
    std::ofstream(eval / "confusion_pairs.csv") << "class,predicted,images\n0,0,4\n" << row << "\n";
    CHECK_THROWS_WITH(read_one(folder / "a"), Contains("confusion_pairs.csv:3"));
  }
}

TEST_CASE("what eval/ holds must fit together, and a thumbnail lies in it") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.classes = {"x", "y"}});
  const fs::path eval = folder / "a/eval";
  fs::remove(eval / "mistakes/02.jpg");
  std::ofstream(eval / "mistakes/03.jpg") << "no picture";
  std::ofstream(eval / "mistakes.csv", std::ios::app)
      << "13,1,z,x,y,0.5,1,../classes.txt\n14,1,z,x,y,0.5,1,mistakes/0";
  const report::Run run = read_one(folder / "a");
  REQUIRE(run.eval->mistakes.size() == 13);
  CHECK_FALSE(run.eval->mistakes[0].thumbnail.empty());
  CHECK(run.eval->mistakes[1].thumbnail.empty());
  CHECK(run.eval->mistakes[2].thumbnail.empty());
  CHECK(run.eval->mistakes[12].thumbnail.empty());
  std::ofstream(eval / "confusion.csv") << "class,x\nx,1\n";
  CHECK_THROWS_WITH(read_one(folder / "a"), Contains("where per_class.csv has 2 classes"));
  std::ofstream(eval / "confusion.csv") << "class,x,y\nx,1,-1\ny,1,1\n";
  CHECK_THROWS_WITH(read_one(folder / "a"), Contains("class 0 has \"-1\""));
  std::ofstream(eval / "per_class.csv") << "class,id,images,right\n0,x,5,6\n";
  CHECK_THROWS_WITH(read_one(folder / "a"), Contains("per_class.csv:2: right must be"));
}

TEST_CASE("runs are found by their folders and by the folder that holds them") {
  const test::TempFolder folder;
  for (const char* name : {"runs/b", "runs/a", "other/a"}) {
    test::write_run(folder / name, {.done_epochs = 1, .details = false});
  }
  fs::create_directories(folder / "runs/notes");
  CHECK(find({folder / "runs"}) == std::vector<fs::path>{folder / "runs/a", folder / "runs/b"});
  const auto found = find({folder / "runs/b", folder / "runs/", folder / "other/a"});
  REQUIRE(found.size() == 3);  // b once
  const auto runs = report::read_runs(found);
  CHECK(runs[0].name == "b");
  CHECK(runs[1].name == "runs/a");
  CHECK(runs[2].name == "other/a");
  CHECK_THROWS_WITH(find({folder / "runs/notes"}),
                    Contains("is not a run: it holds neither config.json nor train_log.csv"));
  CHECK_THROWS_WITH(find({folder / "runs/a/config.json"}), Contains("is not a folder"));
  CHECK_THROWS_AS(find({folder / "nowhere"}), IoError);
}

TEST_CASE("the stamp of runs changes with their files") {
  const test::TempFolder folder;
  test::write_run(folder / "a", {.details = false});
  const std::vector<fs::path> folders{folder / "a"};
  const std::string before = report::runs_stamp(folders);
  CHECK(report::runs_stamp(folders) == before);
  std::ofstream(folder / "a/steps.csv", std::ios::app) << "x";
  CHECK(report::runs_stamp(folders) != before);
}
