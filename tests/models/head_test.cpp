// New heads, and parts of a network that are frozen by name.
#include "../support/toy_net.h"

#include <imgcls/core/error.h>
#include <imgcls/models/head.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>

#include <ATen/Context.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

constexpr int kClasses = 7;

at::Tensor parameter(const models::Model& model, const std::string& name) {
  for (const auto& [own, tensor] : model.parameters()) {
    if (own == name) return tensor;
  }
  FAIL("no parameter " << name);
  return {};
}

/// Whether a head has what `layer`, made after the same seed, was born with.
template <class Layer>
bool is_born_as(const models::Model& model, const std::string& head, const Layer& layer) {
  return parameter(model, head + ".weight").equal(layer->weight) &&
         parameter(model, head + ".bias").equal(layer->bias);
}

}  // namespace

TEST_CASE("a new head begins as torch::nn::Linear and Conv2d do, whatever the network draws") {
  const models::Model net = models::create("efficientnet_b0", {.classes = kClasses});
  const float own = parameter(net, "classifier.1.weight").abs().max().item<float>();
  at::manual_seed(5);
  models::draw_heads(net);
  at::manual_seed(5);
  CHECK(is_born_as(net, "classifier.1", torch::nn::Linear(1280, kClasses)));
  CHECK(own > 10 * parameter(net, "classifier.1.weight").abs().max().item<float>());

  const models::Model squeezenet = models::create("squeezenet1_1", {.classes = kClasses});
  at::manual_seed(6);
  models::draw_heads(squeezenet);
  at::manual_seed(6);
  CHECK(is_born_as(squeezenet, "classifier.1",
                   torch::nn::Conv2d(torch::nn::Conv2dOptions(512, kClasses, 1))));

  CHECK_THROWS_WITH(models::draw_heads(test::toy_model()),
                    Contains("toy does not say which layer is its head"));
}

TEST_CASE("auxiliary classifiers get new heads, too") {
  const models::Model one = models::create("googlenet", {.classes = 3}),
                      other = models::create("googlenet", {.classes = kClasses});
  CHECK(other.heads() == std::vector<std::string>{"fc", "aux1.fc2", "aux2.fc2"});
  models::load_state(other, models::state(one), "one", {.head = false});
  CHECK(parameter(other, "aux1.fc1.weight").equal(parameter(one, "aux1.fc1.weight")));
  at::manual_seed(7);
  models::draw_heads(other);
  at::manual_seed(7);
  for (const std::string& head : other.heads()) {
    INFO(head);
    CHECK(is_born_as(other, head, torch::nn::Linear(1024, kClasses)));
  }
}

TEST_CASE("a stage and the backbone are frozen by name, other parts by a pattern") {
  const auto trained = [](const std::string& what) {
    models::Model model = models::create("resnet18", {.classes = kClasses});
    CHECK(model.freeze(what) > 0);
    CHECK(model.value_count() == 11'180'103);
    return model.parameter_count();
  };
  constexpr std::int64_t kAll = 11'180'103, kHead = 512 * kClasses + kClasses;
  CHECK(trained("backbone") == kHead);
  CHECK(trained("fc") == kAll - kHead);
  CHECK(trained("stem") == kAll - 3 * 64 * 7 * 7 - 2 * 64);
  CHECK(trained("layer1") == trained("^layer1"));
  CHECK(trained("bn.*bias") < kAll);

  models::Model model = models::create("resnet18");
  CHECK(model.parts() ==
        std::vector<std::string>{"backbone", "stem", "layer1", "layer2", "layer3", "layer4", "fc"});
  CHECK(model.freeze("layer5") == 0);
  CHECK_THROWS_WITH(model.freeze("layer["), Contains("\"layer[\" is not a regular expression"));

  models::Model own = test::toy_model();  // without stages, and with no head that is known
  CHECK(own.parts() == std::vector<std::string>{"conv", "bn", "fc"});
  CHECK(own.freeze("backbone") == 0);
  CHECK(own.freeze("conv") == 2);
}

TEST_CASE("every parameter is a stage's") {
  for (const std::string name :
       {"airbench", "convnext_tiny", "deit_ti_16_distilled", "densenet121", "efficientnet_b0",
        "efficientnet_lite0", "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2",
        "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "resnet9", "shufflenet_v2_x0_5",
        "squeezenet1_1", "swin_t", "vit_ti_16"}) {
    INFO(name);
    models::Model model = models::create(name, {.classes = 2});
    for (const std::string& stage : model.stages()) model.freeze(stage);
    for (const auto& [parameter, tensor] : model.parameters()) {
      INFO(parameter);
      CHECK_FALSE(tensor.requires_grad());
    }
    CHECK(model.parts().front() == "backbone");
  }
}
