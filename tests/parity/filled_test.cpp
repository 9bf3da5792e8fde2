// Models whose first weights say too little, with weights that lite_reference.py fills:
// EfficientNet-Lite, which torchvision lacks, and ViT, whose head begins with zeros.
#include "fill.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/registry.h>

#include <ATen/ops/randn.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using imgcls::test::check_filled;
using nlohmann::json;

json reference(const std::string& file) {
  return json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/" + file));
}

}  // namespace

TEST_CASE("zoo: efficientnet_lite equals the package's") {
  const json all = reference("lite_reference.json");
  for (const auto& [key, expected] : all.items()) {
    INFO(key);
    const std::string name = key.substr(0, key.find(' '));
    CHECK(models::info(name).parameters == expected.at("parameters").get<std::int64_t>());
    if (name == key) CHECK(models::info(name).input_size == expected.at("side").get<int>());
    check_filled(models::create(name, {.dropout = 0.0, .drop_path = 0.0}), expected);
  }
}

TEST_CASE("zoo: vit equals torchvision's with options and a head") {
  const json expected = reference("vit_reference.json");
  check_filled(models::create("vit_ti_16"), expected.at(""));
  check_filled(models::create("vit_ti_16", {.dropout = 0.1}), expected.at("dropout=0.1"));
  check_filled(models::create("vit_ti_16", {.image_size = 64}), expected.at("image_size=64"));
}

TEST_CASE("zoo: vit refuses images of another size than its own") {
  CHECK_THROWS_AS(models::create("vit_ti_16", {.image_size = 100}), ConfigError);
  const models::Model model = models::create("vit_ti_16", {.image_size = 32});
  CHECK_THROWS_AS(model.forward(at::randn({1, 3, 48, 48})), ConfigError);
}
