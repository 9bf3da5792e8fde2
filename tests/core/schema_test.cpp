// Nearest names, key paths, and the message for unknown keys.

#include <imgcls/core/config_text.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/schema.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using imgcls::edit_distance;
using imgcls::known_names;
using imgcls::listed_names;
using imgcls::nearest_key;
using imgcls::nearest_name;

TEST_CASE("edit distance") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("flaw", "lawn") == 2);
  CHECK(edit_distance("epochs", "epochs") == 0);
}

TEST_CASE("the nearest key is found wherever it stands") {
  const auto& keys = imgcls::config_keys();
  CHECK(nearest_key("train.bacth", keys) == "train.batch");
  CHECK(nearest_key("eval.batc", keys) == "eval.batch");
  CHECK(nearest_key("optim.lr", keys) == "optimizer.lr");
  CHECK(nearest_key("momentum", keys) == "optimizer.momentum");
  CHECK(nearest_key("optimizer", keys) == "optimizer");
  CHECK(nearest_key("train.hippopotamus", keys).empty());
}

TEST_CASE("the nearest name, the first of equals, or none") {
  const std::vector<std::string> names = {"cifar10.json", "demo.json", "dema.json"};
  CHECK(nearest_name("cifar.json", names) == "cifar10.json");
  CHECK(nearest_name("dem.json", names) == "demo.json");
  CHECK(nearest_name("x", names).empty());
  CHECK(nearest_name("x", {}).empty());
  const std::vector<std::string> commands{"train", "eval", "export"};
  CHECK(nearest_name("evaluate", commands) == "eval");
  CHECK(nearest_name("exp", commands) == "export");
  CHECK(nearest_name("ex", commands).empty());
}

TEST_CASE("a list of names is cut to five, the nearest first") {
  const std::vector<std::string> names{"vgg16", "alexnet", "resnet50", "resnet18", "swin_t", "vit"};
  CHECK(listed_names("resnet1", names) == "resnet18, resnet50, alexnet, swin_t, vit and 1 more");
  CHECK(listed_names("zzzzz", names) == "vgg16, alexnet, resnet50, resnet18, swin_t and 1 more");
  CHECK(known_names("resnet5", names) ==
        "did you mean \"resnet50\"? Known: resnet50, resnet18, alexnet, swin_t, vit and 1 more");
  CHECK(known_names("x", std::vector<std::string>{"sgd", "adam"}) == "known: sgd, adam");
}

TEST_CASE("keys are found by path") {
  REQUIRE(imgcls::config_keys().size() > 60);
  for (const std::string& key : imgcls::config_keys()) {
    INFO(key);
    CHECK(imgcls::find_key(key));
  }
  CHECK(imgcls::find_key("train.epochs"));
  CHECK(imgcls::find_key("train"));
  CHECK_FALSE(imgcls::find_key("train.epochs.x"));
  CHECK_FALSE(imgcls::find_key("train."));
  CHECK_FALSE(imgcls::find_key(".train"));
  CHECK_FALSE(imgcls::find_key(""));
}

TEST_CASE("a long value is cut between characters") {
  CHECK(imgcls::shown("short") == "\"short\"");
  for (std::size_t lead = 70; lead < 80; ++lead) {
    std::string text(lead, 'a');
    for (int i = 0; i < 20; ++i) text += "\u20ac";
    const std::string cut = imgcls::shown(text);
    INFO(cut);
    CHECK(cut.ends_with("..."));
    CHECK(cut.size() <= 83);
    CHECK((cut.size() - 4 - lead) % 3 == 0);  // a quote and the dots; whole three-byte characters
  }
}
