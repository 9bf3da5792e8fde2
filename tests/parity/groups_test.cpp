// Parameter groups by kind and by layer against timm's (groups_reference.py).
#include "check_groups.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("layers of each family have timm's rates, and the same parameters no decay") {
  const json reference =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/groups_reference.json"));
  for (const auto& [name, expected] : reference.at("models").items()) {
    INFO(name);
    test::check_groups(models::create(name), expected);
  }
}

TEST_CASE("a layer decay of a network whose layers are not numbered is refused") {
  for (const char* name : {"squeezenet1_1", "mnasnet0_5"}) {
    const models::Model model = models::create(name);
    CHECK_THROWS_WITH(optim::make_groups(model.parameters(), {.layer_decay = 0.9},
                                         models::parameter_places(model)),
                      Contains("optimizer.layer_decay=0.9 needs a model whose layers are numbered: "
                               "ResNet, RegNet, EfficientNet, ConvNeXt, ViT, Swin"));
  }
}
