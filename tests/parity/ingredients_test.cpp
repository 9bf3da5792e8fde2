// Losses, limits of gradients and averages against PyTorch's and timm's values
// (recipe_reference.py).
#include <imgcls/models/model.h>
#include <imgcls/optim.h>
#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/clip.h>
#include <imgcls/train/recipe/loss.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/recipe/recipe.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include "recipe_reference.h"

namespace {

using namespace imgcls;
using namespace imgcls::test;
using nlohmann::json;

class Net : public torch::nn::Module {
 public:
  Net() {
    at::manual_seed(3);
    register_module("fc", torch::nn::Linear(3, 4));
    register_module("bn", torch::nn::BatchNorm1d(4));
  }
  at::Tensor forward(const at::Tensor& x) { return x; }
};

}  // namespace

TEST_CASE("losses and their gradients are those of their references") {
  const json& given = recipe_reference().at("losses");
  Values flat = given.at("logits").get<Values>(), shares = given.at("shares").get<Values>();
  const auto classes = [&](const char* key) {
    return at::tensor(given.at(key).get<std::vector<std::int64_t>>());
  };
  const train::Targets hard{.labels = classes("labels")};
  const train::Targets mixed{
      .labels = classes("labels"), .partners = classes("partners"), .shares = at::tensor(shares)};
  const auto check = [&](const std::string& name, const train::LossOptions& options,
                         const train::Targets& targets, double smoothing) {
    const at::Tensor logits = at::tensor(flat).view({6, 10}).set_requires_grad(true);
    const at::Tensor loss = train::make_loss(options, at::kCPU)(logits, targets, smoothing);
    loss.backward();
    INFO(name);
    const json& expected = given.at("values").at(name);
    CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-6));
    CHECK(farthest(values({{"", logits.grad()}}), expected.at("gradient").get<Values>()) < 1e-6);
  };
  check("cross_entropy mixed", {}, mixed, 0.1);
  check("cross_entropy timm", {}, mixed, 0.1);
  check("bce", {.name = "bce"}, hard, 0.1);
  check("bce sum threshold mixed",
        {.name = "bce", .own = train::BceOptions{.sum = true, .threshold = 0.2}}, mixed, 0.1);
  check("asymmetric", {.name = "asymmetric"}, hard, 0.1);
  check("focal", {.name = "focal"}, hard, 0);
  check("poly", {.name = "poly"}, hard, 0);

  train::Targets views = hard;
  views.views = 3;
  check("jsd", {.name = "jsd"}, views, 0.1);
  views.views = 2;
  check("jsd of 2 views", {.name = "jsd", .own = train::JsdOptions{.alpha = 3}}, views, 0);

  const auto factors = given.at("class factors").get<std::vector<double>>();
  const auto weighted = [&](const char* loss) {
    return train::LossOptions{.name = loss, .class_weights = factors};
  };
  check("cross_entropy weights", weighted("cross_entropy"), hard, 0);
  check("cross_entropy weights smoothing", weighted("cross_entropy"), hard, 0.1);
  check("cross_entropy weights mixed", weighted("cross_entropy"), mixed, 0.1);
  check("bce weights", weighted("bce"), hard, 0.1);
  check("focal weights", weighted("focal"), hard, 0);
  check("asymmetric weights", weighted("asymmetric"), hard, 0);
  check("poly weights", weighted("poly"), hard, 0);
}

TEST_CASE("what grows in stages grows as EfficientNetV2's does") {
  const json& expected = recipe_reference().at("stages");
  const train::ProgressiveOptions options{
      .size = 128, .begin = 0, .end = 350, .multiple = 1, .stages = 4};
  for (std::size_t stage = 0; stage < 4; ++stage) {
    INFO("stage " << stage);
    const auto first = expected.at("begin").at(stage).get<std::uint32_t>();
    const std::uint32_t last =
        stage == 3 ? 400 : expected.at("begin").at(stage + 1).get<std::uint32_t>() - 1;
    for (const std::uint32_t epoch : {first, last}) {
      CHECK(train::value_at(options, 5, 15, epoch) ==
            Approx(expected.at("magnitude").at(stage).get<double>()).epsilon(1e-12));
      CHECK(train::value_at(options, 0, 0.2, epoch) ==
            Approx(expected.at("mixup_alpha").at(stage).get<double>()).epsilon(1e-12));
      CHECK(train::side_at(options, 300, epoch) ==
            std::lround(expected.at("side").at(stage).get<double>()));
    }
  }
}

TEST_CASE("what is learnt from a teacher is DeiT's loss and its gradient") {
  const json& given = recipe_reference().at("distillation");
  const auto tensor = [&](const char* key) {
    return at::tensor(given.at(key).get<Values>()).view({6, 10});
  };
  const train::Targets targets{
      .labels = at::tensor(given.at("labels").get<std::vector<std::int64_t>>()),
      .teacher = tensor("teacher")};
  const auto check = [&](const std::string& name, const train::DistillationOptions& distillation) {
    train::RunOptions options;
    options.label_smoothing = 0.1;
    options.distillation = distillation;
    const train::Recipe recipe(options, models::Model(std::make_shared<Net>(), "net"));
    const at::Tensor logits = tensor("logits").set_requires_grad(true);
    const at::Tensor loss = recipe.loss(logits, targets);
    loss.backward();
    INFO(name);
    const json& expected = given.at("values").at(name);
    CHECK(loss.item<double>() == Approx(expected.at("loss").get<double>()).epsilon(1e-6));
    CHECK(farthest(values({{"", logits.grad()}}), expected.at("gradient").get<Values>()) < 1e-6);
  };
  using Kind = train::DistillationKind;
  check("soft", {});
  check("soft 3", {.temperature = 3, .weight = 0.9});
  check("hard", {.kind = Kind::hard});
}

TEST_CASE("gradients are limited as PyTorch and timm limit them") {
  const auto check = [](const std::string& name, const train::ClipOptions& options) {
    const auto all = parameters();
    for (const auto& [_, parameter] : all) parameter.mutable_grad() = at::randn(parameter.sizes());
    const auto optimizer = optim::make_optimizer(all, {});
    train::make_clipper(options, "head")->after_backward({}, *optimizer);
    std::vector<models::NamedTensor> gradients;
    for (const auto& [_, parameter] : all) gradients.push_back({"", parameter.grad()});
    INFO(name);
    CHECK(farthest(values(gradients), recipe_reference().at("clips").at(name).get<Values>()) <
          1e-6);
  };
  check("norm", {.name = "norm", .own = train::NormClipOptions{.most = 2}});
  check("norm above", {.name = "norm", .own = train::NormClipOptions{.most = 1e3}});
  check("value", {.name = "value", .own = train::ValueClipOptions{.most = 0.5}});
  check("adaptive", {.name = "adaptive", .own = train::AdaptiveClipOptions{.share = 0.5}});
}

TEST_CASE("averages of weights are timm's and PyTorch's") {
  const auto check = [](const std::string& name, const train::AverageOptions& options,
                        std::size_t compared, double tolerance = 1e-6) {
    const models::Model model(std::make_shared<Net>(), "net");
    const auto average = train::make_average(options, model);
    const auto trained = [&] {
      auto all = model.parameters();
      for (const auto& buffer : model.buffers()) {
        if (buffer.tensor.is_floating_point()) all.push_back(buffer);
      }
      return all;
    };
    at::manual_seed(17);
    for (int step = 0; step < 12; ++step) {
      const at::NoGradGuard no_grad;
      for (auto& each : trained()) each.tensor.add_(at::randn(each.tensor.sizes()), 0.1);
      average->after_update({.step = step});
    }
    const Values before = values(trained());
    average->exchange_weights();
    Values found = values(trained()), expected = recipe_reference().at("averages").at(name);
    found.resize(compared), expected.resize(compared);
    INFO(name << ": off by " << farthest(found, expected));
    CHECK(farthest(found, expected) <= tolerance);
    average->exchange_weights();
    CHECK(values(trained()) == before);
  };
  using train::EmaOptions;
  constexpr std::size_t kAll = 32, kParameters = 24;
  check("ema", {.name = "ema", .own = EmaOptions{.decay = 0.9}}, kAll);
  check("ema warmup", {.name = "ema", .own = EmaOptions{.decay = 0.9, .warmup = true}}, kAll);
  check("ema no buffers", {.name = "ema", .buffers = false, .own = EmaOptions{.decay = 0.9}}, kAll);
  check("swa", {.name = "swa"}, kParameters);
  check("lawa", {.name = "lawa", .own = train::LawaOptions{.last = 3}}, kAll, /*tolerance=*/0);
}
