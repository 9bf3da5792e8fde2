// Class folders' names of any bytes: trained on, evaluated, predicted with and reported; and
// classes that are not the same everywhere.
#include "folder_data.h"

#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/utf8.h>
#include <imgcls/data/class_names.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <sstream>

using namespace imgcls;
using Catch::Matchers::Contains;
using nlohmann::json;
using test::FolderData;
using test::kImgcls;
using test::run_program;
namespace fs = std::filesystem;

namespace {

void rename_class(const FolderData& data, const std::string& from, const std::string& to) {
  for (const char* half : {"data/train", "data/val"}) {
    fs::rename(data / half / from, data / half / to);
  }
}

}  // namespace

TEST_CASE("a run on classes of any names is evaluated, predicted with and reported") {
  const FolderData data;
  const std::array<std::string, 3> names{" lead,\"quoted\"", "caf\xE9\r", "two\nlines\ttab"};
  const std::array<const char*, 3> colours{"blue", "green", "red"};
  for (std::size_t i = 0; i < names.size(); ++i) rename_class(data, colours[i], names[i]);
  REQUIRE(run_program(data.train("run", "train.epochs=6 log.wandb=true")).code == 0);
  const fs::path run = data / "run";
  const auto classes = data::class_ids(data::read_class_names(run / "classes.txt"));
  CHECK(classes == std::vector<std::string>(names.begin(), names.end()));
  CHECK(read_text(run / "classes.txt") ==
        " lead,\"quoted\"\n$'caf\\xe9\\r'\n$'two\\nlines\\ttab'\n");

  const std::string out = (data / "details").string();
  const auto evaluated = run_program(data.eval("run", "-o " + out));
  CHECK(evaluated.code == 0);
  CHECK_THAT(evaluated.output, Contains("images 27"));
  for (const fs::path& folder : {fs::path(out), run / "eval"}) {
    for (const char* file : {"per_class.csv", "confusion.csv", "mistakes.csv", "eval.json"}) {
      CHECK(is_utf8(read_text(folder / file)));
    }
    const std::string table = read_text(folder / "per_class.csv");
    CHECK(std::count(table.begin(), table.end(), '\n') == 4);
    CHECK_THAT(table, Contains("\n0,\" lead,\"\"quoted\"\"\",9,") &&
                          Contains("\n1,$'caf\\xe9\\r',9,") &&
                          Contains("\n2,$'two\\nlines\\ttab',9,"));
  }

  const std::string val = (data / "data/val").string();
  const auto predict = [&](const std::string& how) {
    const auto outcome =
        run_program(kImgcls + "predict --run " + run.string() + " " + val + " --top 1 " + how);
    CHECK(outcome.code == 0);
    CHECK(is_utf8(outcome.output));
    return outcome.output;
  };
  std::istringstream lines(predict("--json"));
  std::size_t images = 0;
  for (std::string line; std::getline(lines, line); ++images) {
    const json top = json::parse(line).at("top").at(0);
    CHECK(unquote_name(top.at("id").get<std::string>()) == names.at(top.at("class")));
  }
  CHECK(images == 27);
  const std::string csv = predict("--csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 28);
  CHECK_THAT(csv, Contains(",2,$'two\\nlines\\ttab',$'two\\nlines\\ttab',"));
  CHECK_THAT(predict(""), Contains(" %  $'caf\\xe9\\r'\n"));

  REQUIRE(run_program(kImgcls + "report " + run.string()).code == 0);
  const std::string page = read_text(run / "report.html");
  CHECK(is_utf8(page));
  CHECK_THAT(page, Contains("$'two\\\\nlines\\\\ttab'") && Contains("$'caf\\\\xe9\\\\r'"));

  // As shards, with the same numbers.
  for (const std::string half : {"train", "val"}) {
    REQUIRE(run_program(kImgcls + "prepare shards " + (data / "data" / half).string() + " --out " +
                        (data / "shards" / half).string())
                .code == 0);
  }
  const auto sharded =
      run_program(data.eval("run", "data.format=shards data.root=" + (data / "shards").string()));
  CHECK(sharded.code == 0);
  CHECK(sharded.output == run_program(data.eval("run")).output);
}

TEST_CASE("classes that differ are listed, with what helps") {
  const FolderData data;
  REQUIRE(run_program(data.train("run")).code == 0);
  fs::rename(data / "data/val/green", data / "data/val/grene");
  const auto differ = run_program(data.train("other"));
  CHECK(differ.code != 0);
  CHECK_THAT(differ.output, Contains("training data alone: green") &&
                                Contains("evaluation data alone: grene") &&
                                Contains("model.new_head"));
  CHECK_FALSE(fs::exists(data / "other"));
  const auto unknown = run_program(data.eval("run"));
  CHECK(unknown.code != 0);
  CHECK_THAT(unknown.output, Contains("grene") && Contains("--classes"));
  // Some of the run's classes are enough.
  fs::remove_all(data / "data/val/grene");
  const auto some = run_program(data.eval("run"));
  CHECK(some.code == 0);
  CHECK_THAT(some.output, Contains("images 18"));
  CHECK_THAT(run_program(data.train("other")).output,
             Contains("1 is in the training data alone: green") && Contains("--classes"));

  const std::string weights =
      (data / "run/checkpoints/step-0000000010/weights.safetensors").string();
  fs::remove_all(data / "data/train/green");
  const auto head = run_program(data.train("tuned", "model.weights=" + weights));
  CHECK(head.code != 0);
  CHECK_THAT(head.output, Contains("fc.weight") && Contains("model.new_head=true"));
  CHECK(run_program(
            data.train("tuned", "model.new_head=true train.batch=10 model.weights=" + weights))
            .code == 0);
  const std::string by_model = kImgcls + "eval --model resnet9 --weights " + weights + " --data " +
                               (data / "data/val").string() + " --size 16 --resize 0 model.width=4";
  CHECK_THAT(run_program(by_model).output, Contains("fc.weight") && Contains("--classes"));
  CHECK(run_program(by_model + " --classes " + (data / "run/classes.txt").string()).code == 0);
}

TEST_CASE("folders that begin with a dot are named in a warning") {
  const FolderData data;
  fs::create_directories(data / "data/val/.git");
  const auto run = run_program(data.train("run"));
  CHECK(run.code == 0);
  CHECK_THAT(run.output, Contains("data/val/.git begins with a dot"));
  CHECK_THAT(read_text(data / "run/log.txt"), Contains("data/val/.git"));
  CHECK_THAT(run_program(data.eval("run")).output, Contains("data/val/.git"));
}
