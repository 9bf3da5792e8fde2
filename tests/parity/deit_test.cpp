// ViT with a distillation token against timm's (deit_reference.py).
#include "check_groups.h"
#include "check_logits.h"
#include "fill.h"

#include <imgcls/core/file.h>
#include <imgcls/models/distilled.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim.h>
#include <imgcls/train/recipe/recipe.h>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <paths.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace imgcls;
using imgcls::test::check_logits;
using nlohmann::json;

namespace {

constexpr const char* kName = "deit_ti_16_distilled";

json deit_reference() {
  return json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/deit_reference.json"));
}

at::Tensor two_images() {
  at::manual_seed(7);
  return at::randn({2, 3, 224, 224});
}

at::Tensor gradient(const models::Model& model, const std::string& name) {
  for (const auto& [each, parameter] : model.parameters()) {
    if (each == name) return parameter.grad();
  }
  return {};
}

}  // namespace

TEST_CASE("zoo: deit equals timm's, with the logits of both tokens") {
  const json expected = deit_reference();
  models::Model model = models::create(kName);
  test::check_filled(model, expected);
  CHECK(models::info(kName).parameters == expected.at("parameters").get<std::int64_t>());

  const at::NoGradGuard no_grad;
  CHECK_FALSE(models::distilled_logits(model));  // after an evaluation
  model.train();
  model.forward(two_images());
  const auto apart = models::distilled_logits(model);
  REQUIRE(apart);
  check_logits(apart->by_labels, expected.at("by_labels"));
  check_logits(apart->by_teacher, expected.at("by_teacher"));
  CHECK_FALSE(models::distilled_logits(models::create("vit_ti_16")));
}

TEST_CASE("labels teach deit's class token, and a teacher its distillation token") {
  at::set_num_threads(1);
  const json expected = deit_reference();
  models::Model model = models::create(kName);
  test::fill(model);
  model.train();
  train::RunOptions options;
  options.label_smoothing = 0;
  options.distillation.kind = train::DistillationKind::hard;
  const train::Recipe recipe(options, model);
  train::Targets targets{.labels = at::tensor({3, 7}, at::kLong), .teacher = at::zeros({2, 1000})};
  targets.teacher[0][4] = 1, targets.teacher[1][8] = 1;
  const at::Tensor logits = model.forward(two_images());
  const at::Tensor loss = recipe.loss(logits, targets, models::distilled_logits(model));
  CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-5));
  loss.backward();
  for (const auto& [name, values] : expected.at("gradients").items()) {
    INFO(name);
    const at::Tensor found = gradient(model, name).to(at::kDouble);
    const double squares = values.at(3);
    CHECK(found.square().sum().item<double>() == Approx(squares).epsilon(1e-4));
    const double typical = std::sqrt(squares / static_cast<double>(found.numel()));
    for (std::int64_t i = 0; i < 3; ++i) {
      CHECK(found.flatten()[i].item<double>() ==
            Approx(values.at(static_cast<std::size_t>(i)).get<double>()).margin(1e-4 * typical));
    }
  }
}

TEST_CASE("layers of deit have timm's rates, and the same parameters no decay") {
  test::check_groups(models::create(kName), deit_reference().at("groups"));
}
