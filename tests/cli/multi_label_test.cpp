// Images with any number of classes, from lists to predictions.
#include "folder_data.h"

#include <imgcls/core/file.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/image.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace imgcls;
using Catch::Matchers::Contains;
using nlohmann::json;
using test::kImgcls;
using test::on_ranks;
using test::run_program;
using test::weights_hash;

namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kNames{"blue", "green", "red"};

/// The colours of the four quarters of image `i`: 3 is grey, which is no class.
std::array<int, 4> quarters(int i) {
  return {i % 4, i / 4 % 4, i / 16 % 4, 3};
}

std::vector<std::string> classes_of(int i) {
  std::vector<std::string> names;
  for (int k = 0; k < 3; ++k) {
    if (std::ranges::count(quarters(i), k) > 0) names.emplace_back(kNames[k]);
  }
  return names;
}

/// Images of four coloured quarters, a text list for training and one in JSON for evaluation.
class Mosaics {
 public:
  Mosaics() {
    std::string training;
    json evaluation = json::object();
    make_folders(folder_ / "data/img");
    for (int i = 0; i < 64; ++i) {
      const std::string name = fmt::format("img/{:02}.jpg", i);
      write_unsynced(folder_ / ("data/" + name), data::encode_jpeg(image(i)));
      if (i % 4 == 1) {
        evaluation[name] = classes_of(i);
      } else {
        training += fmt::format("{}\t{}\n", name, fmt::join(classes_of(i), "\t"));
      }
    }
    replace_file(folder_ / "data/train.txt", training);
    replace_file(folder_ / "data/val.json", evaluation.dump(1));
    replace_file(folder_ / "config.json", kConfig);
  }

  fs::path operator/(const std::string& name) const { return folder_ / name; }

  std::string train(const std::string& run, const std::string& more = "") const {
    return fmt::format("{} train {} data.root={} run.dir={} {}", kImgcls,
                       (folder_ / "config.json").string(), (folder_ / "data").string(),
                       (folder_ / run).string(), more);
  }
  void must_train(int ranks, const std::string& run, const std::string& more = "") const {
    const auto outcome = run_program(on_ranks(ranks, train(run, more)));
    INFO(outcome.output);
    REQUIRE(outcome.code == 0);
  }

 private:
  static constexpr const char* kConfig = R"({
    "data": {"format": "list", "train": "train.txt", "val": "val.json", "multi_label": true},
    "model": {"name": "resnet9", "width": 4},
    "augment": {"crop": "pad", "size": 16, "pad": 1},
    "eval": {"size": 16, "resize": 0, "batch": 5, "metric": "map"},
    "train": {"epochs": 3, "batch": 12, "threads": 1},
    "optimizer": {"lr": 0.05},
    "loss": {"name": "bce"},
    "checkpoint": {"best": true},
    "log": {"every": 1}
  })";

  static data::Image image(int i) {
    constexpr std::array<std::array<int, 3>, 4> kColours{
        {{40, 40, 200}, {40, 200, 40}, {200, 40, 40}, {120, 120, 120}}};
    constexpr int kSide = 16;
    data::Image image{{kSide, kSide}, std::vector<std::uint8_t>(kSide * kSide * 3)};
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const int quarter = (y < kSide / 2 ? 0 : 2) + (x < kSide / 2 ? 0 : 1);
        const auto& colour = kColours[static_cast<std::size_t>(quarters(i)[quarter])];
        for (int c = 0; c < 3; ++c) {
          image.row(y)[3 * x + c] = static_cast<std::uint8_t>(colour[c] + (x + y + i) % 7);
        }
      }
    }
    return image;
  }

  test::TempFolder folder_;
};

/// A column of train_log.csv.
std::vector<std::string> column(const fs::path& csv, std::size_t place) {
  std::vector<std::string> found;
  std::istringstream lines(read_text(csv));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream row(line);
    std::string cell;
    for (std::size_t i = 0; i <= place; ++i) std::getline(row, cell, ',');
    found.push_back(cell);
  }
  return found;
}

}  // namespace

TEST_CASE("images with several classes go from lists to a report, predictions and an ONNX file") {
  const Mosaics data;
  const auto trained = run_program(data.train("run", "train.epochs=30 log.wandb=true"));
  INFO(trained.output);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.output, Contains("mAP") && Contains("micro F1") && !Contains("top-1") &&
                                 Contains("done: mAP ") && Contains(" of 3 classes, 16 images") &&
                                 Contains("eval/per_class.csv"));
  CHECK(std::stod(column(data / "run/train_log.csv", 4).back()) > 80);
  for (const auto& entry : fs::recursive_directory_iterator(data / "run/wandb")) {
    if (entry.path().extension() != ".wandb") continue;
    CHECK_THAT(read_text(entry.path()), Contains("val/map") && !Contains("val/acc1"));
  }
  CHECK_THAT(read_text(data / "run/augmented/augmented.csv"),
             Contains("step,sample,label,picture"));

  const auto eval = run_program(kImgcls + "eval " + (data / "run").string() + " -o " +
                                (data / "evaluated").string());
  INFO(eval.output);
  CHECK(eval.code == 0);
  CHECK_THAT(eval.output, Contains("images 16\nmAP ") && Contains("written: ") &&
                              Contains("/eval.json, per_class.csv\n"));
  const json of_run = json::parse(read_text(data / "run/eval/eval.json"));
  const json again = json::parse(read_text(data / "evaluated/eval.json"));
  CHECK(of_run.at("map") == again.at("map"));
  const auto by_model = run_program(fmt::format(
      "{} eval --model resnet9 --weights {} --data {} --classes {} --size 16 --resize 0 "
      "model.width=4 data.multi_label=true loss.name=bce eval.metric=map",
      kImgcls, (data / "run").string(), (data / "data/val.json").string(),
      (data / "run/classes.txt").string()));
  INFO(by_model.output);
  CHECK(by_model.code == 0);
  CHECK_THAT(by_model.output,
             Contains(eval.output.substr(eval.output.find("images"),
                                         eval.output.find("loss") - eval.output.find("images"))));

  const auto report = run_program(kImgcls + "report " + (data / "run").string() + " --png " +
                                  (data / "png").string());
  INFO(report.output);
  CHECK(report.code == 0);
  CHECK(fs::exists(data / "png/step_vs_map.png"));
  CHECK_FALSE(fs::exists(data / "png/step_vs_acc1.png"));
  CHECK_THAT(read_text(data / "run/report.html"), Contains("\"best_map\""));

  const std::string predict = kImgcls + "predict --run " + (data / "run").string() + " ";
  const std::string one = (data / "data/img/25.jpg").string();  // green, red
  const json above = json::parse(run_program(predict + one + " --threshold 0.5 --json").output);
  for (const json& item : above.at("top")) CHECK(item.at("probability") > 0.5);
  const json all = json::parse(run_program(predict + one + " --threshold 0 --json").output);
  CHECK(all.at("top").size() == 3);
  double sum = 0;
  for (const json& item : all.at("top")) sum += item.at("probability").get<double>();
  CHECK(std::abs(sum - 1) > 0.05);  // a softmax would have 1
  CHECK(json::parse(run_program(predict + one + " --json").output) == all);
  const json first =
      json::parse(run_program(predict + one + " --threshold 0 --top 1 --json").output);
  CHECK(first.at("top").size() == 1);
  const auto none = run_program(predict + one + " --threshold 1 --csv");
  CHECK(none.output == "image,place,class,id,name,probability\n");

  const auto exported = run_program(kImgcls + "export --run " + (data / "run").string() + " -o " +
                                    (data / "x.onnx").string());
  CHECK(exported.code == 0);
  CHECK_THAT(read_text(data / "x.onnx"), Contains("activation") && Contains("sigmoid"));
}

TEST_CASE("evaluations of several classes are the same on any number of ranks") {
  const Mosaics data;
  data.must_train(1, "alone");
  std::vector<std::string> expected;
  for (const int ranks : {1, 2, 3}) {
    const auto outcome =
        run_program(on_ranks(ranks, kImgcls + "eval " + (data / "alone").string()));
    INFO(outcome.output);
    REQUIRE(outcome.code == 0);
    expected.push_back(outcome.output.substr(outcome.output.find("images ")));
  }
  CHECK(expected[1] == expected[0]);
  CHECK(expected[2] == expected[0]);
}

TEST_CASE("with shards a run on several classes ends with one hash, and goes on with other ranks") {
  const Mosaics data;
  for (const char* by : {"pair", "element"}) {
    const std::string recipe = fmt::format(
        "train.shards=2 'mix.kinds=[\"mixup\",\"cutmix\",\"resize_mix\"]' mix.by={} "
        "loss.name=asymmetric_multi_label ",
        by);
    const std::string one = fmt::format("{}1", by), two = fmt::format("{}2", by),
                      moved = fmt::format("{}3", by);
    data.must_train(1, one, recipe);
    data.must_train(2, two, recipe);
    data.must_train(2, moved, recipe + "train.max_steps=4");
    data.must_train(1, moved, recipe);
    CHECK(weights_hash(data / one).size() == 64);
    for (const std::string& other : {two, moved}) {
      CHECK(weights_hash(data / other) == weights_hash(data / one));
      for (const std::size_t figure : {2, 3, 4, 5, 6}) {
        CHECK(column(data / (other + "/train_log.csv"), figure) ==
              column(data / (one + "/train_log.csv"), figure));
      }
    }
  }
}

TEST_CASE("a list or a recipe that does not fit several classes ends a run before it begins") {
  const Mosaics data;
  const auto refused = [&](const std::string& more, int code = 2) {
    const auto outcome = run_program(data.train("none", more));
    CHECK(outcome.code == code);
    CHECK_FALSE(fs::exists(data / "none"));
    CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 1);
    return outcome.output;
  };
  CHECK_THAT(refused("loss.name=cross_entropy"),
             Contains("take asymmetric_multi_label, bce, sigmoid_focal"));
  CHECK_THAT(refused("eval.metric=acc5"), Contains("take map or loss"));
  CHECK_THAT(refused("data.format=folder data.train=img"), Contains("take data.format=list"));
  CHECK_THAT(refused("data.multi_label=false eval.metric=loss", 1),
             Contains("and one is wanted; for images with any number of them give "
                      "data.multi_label=true"));
  CHECK_THAT(refused("data.train=none.txt", 1), Contains("none.txt does not exist"));
  replace_file(data / "data/val.json", "{\"img/01.jpg\": [\"bleu\"]}");
  CHECK_THAT(refused("", 1),
             Contains("val.json:1: bleu is none of the training data's 3 classes; did "
                      "you mean \"blue\"?"));
  replace_file(data / "data/val.json", "{\"img/01.jpg\": [\"blue\",]}");
  CHECK_THAT(refused("", 1), Contains("val.json:1: broken JSON"));
}
