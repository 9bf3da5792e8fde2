// Losses and figures of images with any number of classes against PyTorch's, torchvision's, timm's
// and scikit-learn's values (multi_label_reference.py).
#include <imgcls/train/multi_label.h>
#include <imgcls/train/recipe/loss.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/recipe/mix.h>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "recipe_reference.h"

namespace {

using namespace imgcls;
using namespace imgcls::test;
using nlohmann::json;

const json& multi_label_reference() {
  static const json all =
      json::parse(read_text(IMGCLS_SOURCE_DIR "/tests/parity/multi_label_reference.json"));
  return all;
}

}  // namespace

TEST_CASE("losses of any number of classes and their gradients are those of their references") {
  const json& given = multi_label_reference().at("losses");
  const Values flat = given.at("logits").get<Values>(), shares = given.at("shares").get<Values>();
  const at::Tensor rows = at::tensor(given.at("rows").get<Values>()).view({8, 7});
  const at::Tensor share = at::tensor(shares).unsqueeze(1);
  const at::Tensor partners = rows.view({4, 2, 7}).flip(1).reshape({8, 7});
  const at::Tensor mixed = rows.mul(share).add(partners.mul(share.neg().add(1)));
  const auto check = [&](const std::string& name, const train::LossOptions& options,
                         const at::Tensor& sets) {
    INFO(name);
    const at::Tensor logits = at::tensor(flat).view({8, 7}).set_requires_grad(true);
    REQUIRE(train::losses().at(options.name).multi_label);
    const train::Targets targets{.labels = at::zeros({8}, at::kLong), .sets = sets};
    const at::Tensor loss = train::make_loss(options, at::kCPU)(logits, targets, 0);
    loss.backward();
    const json& expected = given.at("values").at(name);
    // A few operations in float, in another order.
    CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-6));
    CHECK(farthest(values({{"", logits.grad()}}), expected.at("gradient").get<Values>()) < 1e-6);
  };
  const auto factors = given.at("factors").get<std::vector<double>>();
  check("bce", {.name = "bce"}, rows);
  check("bce weights", {.name = "bce", .class_weights = factors}, rows);
  check("bce mixed", {.name = "bce"}, mixed);
  check("bce sum threshold mixed",
        {.name = "bce", .own = train::BceOptions{.sum = true, .threshold = 0.2}}, mixed);
  check("sigmoid_focal", {.name = "sigmoid_focal"}, rows);
  check("sigmoid_focal sum",
        {.name = "sigmoid_focal",
         .own = train::SigmoidFocalOptions{.alpha = -1, .gamma = 1.5, .sum = true}},
        rows);
  check("sigmoid_focal mixed",
        {.name = "sigmoid_focal", .own = train::SigmoidFocalOptions{.alpha = 0.6}}, mixed);
  check("sigmoid_focal weights", {.name = "sigmoid_focal", .class_weights = factors}, rows);
  check("asymmetric_multi_label", {.name = "asymmetric_multi_label"}, rows);
  check(
      "asymmetric_multi_label no clip",
      {.name = "asymmetric_multi_label",
       .own =
           train::AsymmetricMultiLabelOptions{.gamma_positive = 0, .gamma_negative = 2, .clip = 0}},
      rows);
  check("asymmetric_multi_label mixed", {.name = "asymmetric_multi_label"}, mixed);
  check("asymmetric_multi_label weights",
        {.name = "asymmetric_multi_label", .class_weights = factors}, rows);
}

TEST_CASE("average precision and F1 are scikit-learn's, equal logits among them") {
  const json& given = multi_label_reference().at("figures");
  const Values logits = given.at("logits").get<Values>();
  const auto rows = given.at("rows").get<std::vector<int>>();
  constexpr std::size_t kClasses = 6;
  const std::size_t images = logits.size() / kClasses;
  train::MultiLabelFigures figures;
  for (std::size_t k = 0; k < kClasses; ++k) {
    Values of_class;
    const auto has = std::make_unique<bool[]>(images);
    for (std::size_t i = 0; i < images; ++i) {
      of_class.push_back(logits[i * kClasses + k]);
      has[i] = rows[i * kClasses + k] != 0;
    }
    figures.classes.push_back(train::class_figures(of_class, {has.get(), images}));
  }
  // Sums of doubles, in another order.
  const auto same = [](double expected) { return Approx(expected).epsilon(1e-12); };
  for (std::size_t k = 0; k + 1 < kClasses; ++k) {
    INFO("class " << k);
    CHECK(figures.classes[k].ap == same(given.at("ap").at(k)));
  }
  CHECK(figures.classes.back().images == 0);
  CHECK(std::isnan(figures.classes.back().ap));
  CHECK(figures.classes_without_images() == 1);
  CHECK(figures.map() == same(given.at("map")));
  // torchmetrics computes in float.
  CHECK(figures.map() == Approx(given.at("map by torchmetrics").get<double>()).epsilon(1e-6));
  CHECK(figures.micro_f1() == same(given.at("micro f1")));
  CHECK(figures.macro_f1() == same(given.at("macro f1")));
}
