// What a run starts from: model.weights, model.new_head, model.freeze.
#include "../support/temp_folder.h"

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/train/fine_tune.h>
#include <imgcls/train/options.h>

#include <ATen/Context.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

Config config(std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), {"data.root=.", "model.name=resnet9"});
  return Config::load(overrides);
}

std::string refused(std::vector<std::string> overrides) {
  models::Model model = models::create("resnet9", {.classes = 3, .width = 4});
  try {
    train::fine_tune(train::run_options(config(std::move(overrides))), model);
  } catch (const Error& e) {
    return e.what();
  }
  FAIL("accepted");
  return {};
}

}  // namespace

TEST_CASE("a part to freeze that is none is refused with those there are") {
  CHECK(refused({R"(model.freeze=["layr1"])"}) ==
        "model.freeze: \"layr1\" is not a part of resnet9 and is found in no parameter's name; did "
        "you "
        "mean \"layer1\"? Known: layer1, layer2, layer3, prep, fc and 1 more");
  CHECK_THAT(refused({R"(model.freeze=["zzzzzz"])"}),
             Contains("; known: backbone, prep, layer1, layer2, layer3 and 1 more"));
}

TEST_CASE("freezing all is refused with the head's name") {
  for (const char* all : {R"(model.freeze=["backbone","fc"])", R"(model.freeze=["."])"}) {
    CHECK(
        refused({all}) ==
        "model.freeze leaves nothing of resnet9 to train; leave out its head, fc: \"backbone\" is "
        "all but that");
  }
}

TEST_CASE("freezing ends in an epoch of the run, and only where there is some") {
  const auto refused_options = [](std::vector<std::string> overrides) -> std::string {
    try {
      train::run_options(config(std::move(overrides)));
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  };
  const std::string freeze = R"(model.freeze=["backbone"])";
  CHECK_THAT(refused_options({"model.unfreeze_epoch=2"}),
             Contains("model.unfreeze_epoch=2 ends what model.freeze begins, which is empty"));
  CHECK_THAT(refused_options({freeze, "model.unfreeze_epoch=5", "train.epochs=5"}),
             Contains("model.unfreeze_epoch=5 never comes with train.epochs=5"));
  CHECK(refused_options({freeze, "model.unfreeze_epoch=4", "train.epochs=5"}).empty());
  CHECK(refused_options({freeze, "train.epochs=5"}).empty());
}

TEST_CASE("what was frozen is trained again, and not what the network itself keeps") {
  models::Model model = models::create("airbench", {.classes = 3});
  const std::int64_t trained = model.parameter_count();
  CHECK(trained < model.value_count());  // the whitening
  model.freeze("backbone");
  model.freeze("backbone");
  CHECK(model.parameter_count() < trained);
  CHECK(model.frozen_parts().size() == 2);
  model.unfreeze();
  CHECK(model.parameter_count() == trained);
  CHECK(model.frozen_parts().empty());
}

TEST_CASE("a new head without weights is refused") {
  CHECK_THAT(refused({"model.new_head=true"}),
             Contains("model.new_head=true") && Contains("model.weights, which is empty"));
}

TEST_CASE("a new head is drawn, and the rest is the file's") {
  const test::TempFolder folder;
  const models::Model before = models::create("resnet9", {.classes = 5, .width = 4});
  models::write_weights(folder / "w.safetensors", models::state(before));
  const std::string weights = "model.weights=" + (folder / "w.safetensors").string();
  models::Model model = models::create("resnet9", {.classes = 3, .width = 4});
  const at::Tensor own_head = model.parameters().back().tensor.detach().clone();
  CHECK(train::fine_tune(train::run_options(config({weights, "model.new_head=true"})), model)
            .empty());
  CHECK(model.parameters().front().tensor.equal(before.parameters().front().tensor));
  CHECK_FALSE(model.parameters().back().tensor.equal(own_head));
  CHECK_THAT(refused({weights}), Contains("model.new_head=true"));
}
