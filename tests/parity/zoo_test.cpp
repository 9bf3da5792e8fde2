// The zoo against torchvision (zoo_reference.py): names, shapes, first values, logits.
#include "check_logits.h"

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
#include <nlohmann/json.hpp>

namespace {

using namespace imgcls;
using imgcls::test::check_logits;
using nlohmann::json;

const json& reference() {
  static const json all =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/zoo_reference.json"));
  return all;
}

struct Digests {
  std::string names, values;
};

/// Of all tensors, sorted by name. With IMGCLS_LIST set, each tensor's is printed, as
/// `zoo_reference.py --list` does.
Digests digests(const models::Model& model) {
  std::vector<models::NamedTensor> all = models::state(model);
  std::ranges::sort(all, {}, &models::NamedTensor::name);
  Xxh3 names, values;
  for (const models::NamedTensor& item : all) {
    names.update(fmt::format("{}[{}]\n", item.name, fmt::join(item.tensor.sizes(), ",")));
    const at::Tensor flat = item.tensor.detach().contiguous();
    const std::span bytes(static_cast<const std::byte*>(flat.const_data_ptr()), flat.nbytes());
    values.update(bytes);
    if (std::getenv("IMGCLS_LIST") != nullptr) {
      fmt::print("{} [{}] {}\n", item.name, fmt::join(item.tensor.sizes(), ", "),
                 hex(Xxh3().update(bytes).digest()).substr(0, 16));
    }
  }
  return {hex(names.digest()), hex(values.digest())};
}

void check_model(const std::string& name, const json& expected) {
  INFO(name);
  at::manual_seed(3);
  models::Model model = models::create(name);
  const Digests found = digests(model);
  CHECK(found.names == expected.at("names").get<std::string>());
  CHECK(found.values == expected.at("values").get<std::string>());
  CHECK(model.parameter_count() == expected.at("parameters").get<std::int64_t>());
  CHECK(models::info(name).parameters == expected.at("parameters").get<std::int64_t>());

  const std::int64_t side = expected.at("side");
  at::manual_seed(7);
  const at::Tensor images = at::randn({2, 3, side, side});
  at::manual_seed(11);
  model.train();
  check_logits(model.forward(images), expected.at("training").at(0));
  const std::vector<models::Auxiliary> auxiliary = model.auxiliary();
  REQUIRE(auxiliary.size() + 1 == expected.at("training").size());
  for (std::size_t i = 0; i < auxiliary.size(); ++i) {
    check_logits(auxiliary[i].logits, expected.at("training").at(i + 1));
  }
  model.train(false);
  check_logits(model.forward(images), expected.at("evaluation").at(0));
}

/// All models of a family, named as torchvision's file, whose names begin with `start`, and not
/// with `but`.
void check_family(const std::string& family, const std::string& start = "",
                  const std::string& but = "none") {
  at::set_num_threads(1);
  const at::NoGradGuard no_grad;
  int checked = 0;
  for (const auto& [name, expected] : reference().items()) {
    if (expected.at("family") != family || !name.starts_with(start) || name.starts_with(but)) {
      continue;
    }
    check_model(name, expected);
    ++checked;
  }
  CHECK(checked > 0);
}

}  // namespace

// A case a family, so that they run beside each other.
TEST_CASE("zoo: resnet equals torchvision's") {
  check_family("resnet");
}

TEST_CASE("zoo: alexnet equals torchvision's") {
  check_family("alexnet");
}

TEST_CASE("zoo: densenet equals torchvision's") {
  check_family("densenet");
}

TEST_CASE("zoo: googlenet equals torchvision's") {
  check_family("googlenet");
}

TEST_CASE("zoo: inception equals torchvision's") {
  check_family("inception");
}

TEST_CASE("zoo: mnasnet equals torchvision's") {
  check_family("mnasnet");
}

TEST_CASE("zoo: mobilenetv2 equals torchvision's") {
  check_family("mobilenetv2");
}

TEST_CASE("zoo: mobilenetv3 equals torchvision's") {
  check_family("mobilenetv3");
}

TEST_CASE("zoo: shufflenetv2 equals torchvision's") {
  check_family("shufflenetv2");
}

TEST_CASE("zoo: squeezenet equals torchvision's") {
  check_family("squeezenet");
}

TEST_CASE("zoo: vgg equals torchvision's") {
  check_family("vgg");
}

TEST_CASE("zoo: efficientnet equals torchvision's") {
  check_family("efficientnet");
}

TEST_CASE("zoo: vision_transformer equals torchvision's") {
  check_family("vision_transformer", "", "vit_h");
}

TEST_CASE("zoo: vit_h equals torchvision's") {
  check_family("vision_transformer", "vit_h");
}

TEST_CASE("zoo: convnext equals torchvision's") {
  check_family("convnext");
}

TEST_CASE("zoo: regnet equals torchvision's") {
  check_family("regnet");
}

TEST_CASE("zoo: swin_transformer equals torchvision's") {
  check_family("swin_transformer");
}

TEST_CASE("zoo: maxvit equals torchvision's") {
  check_family("maxvit");
}
