// Stages of which the backward pass computes the values again.
#include <imgcls/core/error.h>
#include <imgcls/models/network.h>
#include <imgcls/models/registry.h>

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../support/toy_net.h"

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

/// All that two passes over two batches leave behind, gradients of both added up.
std::vector<models::NamedTensor> left_behind(const std::string& name,
                                             const std::vector<std::string>& stages,
                                             const std::vector<std::string>& frozen = {},
                                             int side = 64) {
  const models::OptionsTaken takes = models::info(name).takes;
  at::manual_seed(3);
  models::Model model =
      models::create(name, {.classes = 10,
                            .dropout = takes.dropout ? std::optional(0.2) : std::nullopt,
                            .drop_path = takes.drop_path ? std::optional(0.3) : std::nullopt,
                            .image_size = takes.image_size ? side : 0});
  for (const std::string& part : frozen) model.freeze(part);
  model.recompute(stages);
  model.to_channels_last();
  model.train();
  std::vector<models::NamedTensor> all;
  for (int batch = 0; batch < 2; ++batch) {
    const at::Tensor images =
        at::randn({4, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor loss =
        at::cross_entropy_loss(model.forward(images), at::tensor({1, 5, 5, 9}, at::kLong));
    loss.backward();
    all.push_back({"loss", loss.detach()});
  }
  for (const auto& [parameter, tensor] : model.parameters()) {
    if (tensor.requires_grad()) all.push_back({parameter, tensor.grad()});
  }
  for (const models::NamedTensor& buffer : model.buffers()) all.push_back(buffer);
  all.push_back({"generator", at::globalContext().defaultGenerator(at::kCPU).get_state()});
  return all;
}

void check_same(const std::vector<models::NamedTensor>& one,
                const std::vector<models::NamedTensor>& other) {
  REQUIRE(one.size() == other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    INFO(one[i].name);
    REQUIRE(one[i].tensor.defined());
    CHECK(one[i].tensor.equal(other[i].tensor));
  }
}

}  // namespace

TEST_CASE("stages that are computed again change no bit of gradients, buffers or random numbers") {
  for (const char* name : {"resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5",
                           "efficientnet_b0", "vit_ti_16", "swin_t"}) {
    INFO(name);
    check_same(left_behind(name, {"all"}), left_behind(name, {}));
  }
}

namespace {

/// Two stages that count how often they run.
class CountingNet : public models::Network {
 public:
  CountingNet() {
    for (const char* name : {"one", "two"}) {
      const torch::nn::Linear layer(4, 4);
      register_module(name, layer);
      add_stage(name, [this, name, layer](at::Tensor x) {
        ++runs[name];
        return layer.ptr()->forward(x);
      });
    }
  }
  std::map<std::string, int> runs;
};

}  // namespace

TEST_CASE("a stage runs a second time in the backward pass, in training alone") {
  const auto net = std::make_shared<CountingNet>();
  models::Model model(net, "counting");
  model.recompute({"two"});
  const auto runs_of = [&](const auto& pass) {
    net->runs.clear();
    pass();
    return std::pair(net->runs["one"], net->runs["two"]);
  };
  const at::Tensor x = at::randn({2, 4});
  CHECK(runs_of([&] { model.forward(x); }) == std::pair(1, 1));
  CHECK(runs_of([&] { model.forward(x).sum().backward(); }) == std::pair(1, 2));
  model.train(false);
  CHECK(runs_of([&] { model.forward(x).sum().backward(); }) == std::pair(1, 1));
}

TEST_CASE("nor where maps are of one pixel, whose strides say nothing of their format") {
  check_same(left_behind("mobilenet_v2", {"all"}, {}, 16), left_behind("mobilenet_v2", {}, {}, 16));
}

TEST_CASE("some stages can be computed again, and beside parts that are frozen") {
  check_same(left_behind("resnet18", {"layer2", "layer3"}), left_behind("resnet18", {}));
  // The first stage that is trained gets an input that wants no gradient.
  const std::vector<std::string> frozen{"stem", "layer1"};
  check_same(left_behind("resnet18", {"layer1", "layer2"}, frozen),
             left_behind("resnet18", {}, frozen));
}

TEST_CASE("what cannot be computed again is refused, with what can") {
  const models::Model resnet = models::create("resnet18");
  CHECK_THROWS_WITH(
      resnet.recompute({"layer5"}),
      Contains("train.recompute: resnet18 has no stage \"layer5\"") && Contains("layer4"));
  CHECK_THROWS_WITH(models::create("googlenet").recompute({"all"}),
                    Contains("googlenet has auxiliary classifiers"));
  CHECK_THROWS_WITH(test::toy_model().recompute({"all"}), Contains("toy is no row of stages"));
  test::toy_model().recompute({});
}
