// Models whose first weights say too little, with weights that lite_reference.py fills:
// EfficientNet-Lite, which torchvision lacks, and ViT, whose head begins with zeros.
#include "check_logits.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <paths.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using imgcls::test::check_logits;
using nlohmann::json;

json reference(const std::string& file) {
  return json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/" + file));
}

std::vector<models::NamedTensor> sorted_state(const models::Model& model) {
  std::vector<models::NamedTensor> all = models::state(model);
  std::ranges::sort(all, {}, &models::NamedTensor::name);
  return all;
}

/// As lite_reference.py's.
void fill(const models::Model& model) {
  at::manual_seed(5);
  for (const auto& [name, tensor] : sorted_state(model)) {
    if (!tensor.is_floating_point()) continue;
    if (name.ends_with("weight") && tensor.dim() > 1) {
      const auto outputs = static_cast<double>(tensor.size(0));
      tensor.normal_(0, std::sqrt(outputs / static_cast<double>(tensor.numel())));
    } else if (name.ends_with("weight") || name.ends_with("running_var")) {
      tensor.uniform_(0.8, 1.2);
    } else {
      tensor.uniform_(-0.1, 0.1);
    }
  }
}

std::string names(const models::Model& model) {
  Xxh3 digest;
  for (const auto& [name, tensor] : sorted_state(model)) {
    digest.update(fmt::format("{}[{}]\n", name, fmt::join(tensor.sizes(), ",")));
  }
  return hex(digest.digest());
}

void check_filled(models::Model model, const json& expected) {
  at::set_num_threads(1);
  const at::NoGradGuard no_grad;
  CHECK(names(model) == expected.at("names").get<std::string>());
  CHECK(model.parameter_count() == expected.at("parameters").get<std::int64_t>());
  fill(model);
  const std::int64_t side = expected.at("side");
  at::manual_seed(7);
  const at::Tensor images = at::randn({2, 3, side, side});
  at::manual_seed(11);
  model.train();
  check_logits(model.forward(images), expected.at("training"));
  model.train(false);
  check_logits(model.forward(images), expected.at("evaluation"));
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
