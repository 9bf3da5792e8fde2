// Config::load: files merged left to right, and `key.path=value`.

#include "../support/temp_folder.h"

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <string>
#include <vector>

using Catch::Matchers::Contains;
using imgcls::Config;

namespace {

using Arguments = std::vector<std::string>;

/// Loads `arguments` after what every configuration needs.
Config load(const Arguments& arguments) {
  Arguments all = {"data.root=r", "model.name=m"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return Config::load(all);
}

std::string refused(const Arguments& arguments) {
  try {
    load(arguments);
  } catch (const imgcls::Error& error) {
    return error.what();
  }
  FAIL("accepted");
  return {};
}

}  // namespace

TEST_CASE("later files and arguments win, objects merge, the rest is replaced") {
  const imgcls::test::TempFolder folder;
  const std::string first = folder.write("1.json", R"({
    "train": {"epochs": 1, "batch": 2},
    "optimizer": {"groups": [{"pattern": "a"},
      {"pattern": "b"}]}
  })");
  const std::string second = folder.write("2.json", R"({
    "train": {"epochs": 3},
    "optimizer": {"groups": [{"pattern": "c"}]}
  })");

  const Config config = load({first, second});
  CHECK(config.json().at("train").at("epochs") == 3);
  CHECK(config.json().at("train").at("batch") == 2);
  CHECK(config.json().at("optimizer").at("groups").size() == 1);
  CHECK(config.origin("train.epochs") == second + ":2");
  CHECK(config.origin("train.batch") == first + ":2");
  CHECK(config.origin("optimizer.groups[0].pattern") == second + ":3");

  CHECK(load({second, first}).json().at("train").at("epochs") == 1);
  CHECK(load({"train.epochs=9", first}).json().at("train").at("epochs") == 1);
  const Config overridden = load({first, "train.epochs=9"});
  CHECK(overridden.json().at("train").at("epochs") == 9);
  CHECK(overridden.origin("train.epochs") == "argument train.epochs=9");
  CHECK(overridden.origin("train.batch") == first + ":2");
}

TEST_CASE("a message names the file that set the value") {
  const imgcls::test::TempFolder folder;
  const std::string good = folder.write("good.json", "{\n\"train\": {\"epochs\": 1}}");
  const std::string bad = folder.write("bad.json", "{\n\n\"train\": {\"epochs\": -1}}");
  CHECK(refused({good, bad}) == bad + ":3: train.epochs must be an integer of at least 1, not -1");
  CHECK(refused({"train=5", good, "train.epochs=x"}) ==
        "argument train.epochs=x: train.epochs must be an integer of at least 1, not \"x\"");
}

TEST_CASE("the value of an argument is JSON, or else a text") {
  CHECK(load({"augment.area=[0.2,1]"}).json().at("augment").at("area") == nlohmann::json({0.2, 1}));
  CHECK(load({"train.tf32=false"}).json().at("train").at("tf32") == false);
  CHECK(load({"optimizer.lr=1e-3"}).json().at("optimizer").at("lr") == 1e-3);
  CHECK(load({"optimizer.name=adam"}).json().at("optimizer").at("name") == "adam");
  CHECK(load({"run.dir=runs/a=b"}).json().at("run").at("dir") == "runs/a=b");
  CHECK(load({"run.dir=\"quoted\""}).json().at("run").at("dir") == "quoted");
  CHECK(load({"run.dir="}).json().at("run").at("dir") == "");
  const Config object = load({"train.batch=7", R"(train={"epochs":3})"});
  CHECK(object.json().at("train").at("epochs") == 3);
  CHECK(object.json().at("train").at("batch") == 7);
  CHECK(object.origin("train.epochs") == R"(argument train={"epochs":3})");
}

TEST_CASE("where a text is due, what looks like a number is one") {
  CHECK(load({"run.dir=2024"}).json().at("run").at("dir") == "2024");
  CHECK(load({"data.name=true"}).json().at("data").at("name") == "true");
  CHECK(load({"data.name=" + std::string(1000, '[')}).json().at("data").at("name").is_string());
}

TEST_CASE("a wrong argument is refused") {
  CHECK(refused({"train.epochs=abc"}) ==
        "argument train.epochs=abc: train.epochs must be an integer of at least 1, not \"abc\"");
  CHECK(refused({"train.epoch=1"}) ==
        "argument train.epoch=1: unknown key \"train.epoch\"; did you mean \"train.epochs\"?");
  CHECK(refused({"epochs=1"}) ==
        "argument epochs=1: unknown key \"epochs\"; did you mean \"train.epochs\"?");
  CHECK(refused({"train.epochs.x=1"})
            .starts_with("argument train.epochs.x=1: unknown key \"train.epochs.x\"; "));
  CHECK_THAT(refused({"zzzzzzzz.b=1"}),
             Contains("known here: augment, average, checkpoint, clip, data and 15 more"));
  CHECK_THAT(refused({"=1"}), Contains("argument =1: unknown key \"\""));
  CHECK_THAT(refused({"train.batch=1e400"}), Contains("not \"1e400\""));
  CHECK_THAT(refused({"optimizer.lr=NaN"}), Contains("not \"NaN\""));
  CHECK_THAT(refused({R"(train={"epochs":1,"epochs":2})"}), Contains("must be an object"));
  CHECK_THAT(refused({"run.dir=\xFF"}), Contains("not UTF-8"));
  CHECK_THAT(refused({R"(train={"epoch":1})"}),
             Contains(R"(argument train={"epoch":1}: unknown key "train.epoch"; did you mean)"));
}

TEST_CASE("an argument that is no file is refused with the nearest file") {
  const imgcls::test::TempFolder folder;
  folder.write("resnet50.json", "{}");
  folder.write("other.json", "{}");
  const std::string base = folder.path().string();
  CHECK(refused({base + "/resnt50.json"}) == "argument \"" + base +
                                                 "/resnt50.json\" is neither a file nor "
                                                 "key.path=value; did you mean \"" +
                                                 base + "/resnet50.json\"?");
  CHECK(refused({base + "/nothing/x.json"}) ==
        "argument \"" + base + "/nothing/x.json\" is neither a file nor key.path=value");
  CHECK_THAT(refused({""}), Contains("argument \"\" is neither a file nor key.path=value"));
  CHECK_THAT(refused({std::string(100'000, 'x')}), Contains("is neither a file"));
}

TEST_CASE("a file whose name has an equals sign is a file") {
  const imgcls::test::TempFolder folder;
  const std::string file = folder.write("lr=1.json", "{\"train\": {\"epochs\": 5}}");
  CHECK(load({file}).json().at("train").at("epochs") == 5);
}

TEST_CASE("a folder or a FIFO is not read as configuration") {
  const imgcls::test::TempFolder folder;
  const std::string fifo = (folder.path() / "fifo.json").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THAT(refused({fifo}), Contains(fifo));
  const std::string path = folder.path().string();
  CHECK_THAT(refused({path}), Contains("\"" + path +
                                       "\" is a folder, and a configuration is a file; images are "
                                       "named by data.root=" +
                                       path));
  folder.write("config.json", "{}");
  CHECK_THAT(refused({path}), Contains("this run goes on by \"" + path + "/config.json\""));
}

TEST_CASE("a key with dashes before it is answered by the key") {
  const std::string dashes = ": keys are written without dashes";
  CHECK(refused({"--batch", "32"}) == "argument --batch" + dashes + ": train.batch=32");
  CHECK(refused({"--train.epochs=3"}) == "argument --train.epochs" + dashes + ": train.epochs=3");
  CHECK(refused({"--batch-size=8"}) == "argument --batch-size" + dashes + ": train.batch=8");
  CHECK(refused({"--lr", "0.1"}) == "argument --lr" + dashes + ": optimizer.lr=0.1");
  CHECK(refused({"--optimizer", "adamw"}) ==
        "argument --optimizer" + dashes + ": optimizer.name=adamw");
  CHECK(refused({"-model", "train.epochs=1"}) == "argument -model" + dashes + ": model.name=...");
  CHECK_THAT(refused({"--frobnicate"}), Contains("argument --frobnicate" + dashes + ", such as"));
}

TEST_CASE("a list that the shell has cut is answered by how it stays whole") {
  CHECK(refused({"augment.area=[0.5,", "1]"}) ==
        "argument augment.area=[0.5,: the shell cuts at spaces; in quotes the value stays whole: "
        "'augment.area=[0.5, 1]'");
  CHECK_THAT(refused({"augment.area=[0.5", "train.epochs=1"}), Contains("augment.area must be"));
}

TEST_CASE("a YAML file is called one") {
  const imgcls::test::TempFolder folder;
  for (const auto& [name, text] :
       {std::pair{"a.yaml", "train:\n  epochs: 3\n"},
        std::pair{"b.json", "# mine\ntrain:\n  epochs: 3\n"},
        std::pair{"c.json", "train:\n  epochs: 3\n"}, std::pair{"d.txt", "---\nepochs: 3\n"}}) {
    const std::string file = folder.write(name, text);
    CHECK(refused({file}) == file +
                                 " is a YAML file, and configurations are JSON: "
                                 "{\"train\": {\"epochs\": 3}}");
  }
  CHECK_THAT(refused({folder.write("e.json", "{\"train\": epochs}")}), Contains("broken JSON"));
}
