// Stages, auxiliary classifiers and memory formats of the zoo's networks.
#include <imgcls/models/registry.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>

#include <catch2/catch.hpp>

using namespace imgcls;

TEST_CASE("a chain's stages are named after their last layers") {
  const at::NoGradGuard no_grad;
  models::Model model = models::create("squeezenet1_1", {.classes = 7});
  model.train(false);
  CHECK(model.stages() == std::vector<std::string>{"features.2", "features.5", "features.8",
                                                   "features.12", "classifier"});
  const at::Tensor images = at::rand({2, 3, 64, 64});
  CHECK(model.features(images, "features.5").sizes() == at::IntArrayRef({2, 128, 7, 7}));
  CHECK(model.features(images, "features.12").sizes() == at::IntArrayRef({2, 512, 3, 3}));
  CHECK(model.features(images, "classifier").equal(model.forward(images)));
  CHECK(model.head() == "classifier.1");
}

TEST_CASE("auxiliary classifiers classify in training alone") {
  const at::NoGradGuard no_grad;
  models::Model model = models::create("googlenet", {.classes = 7});
  const at::Tensor images = at::rand({2, 3, 64, 64});
  model.train();
  model.forward(images);
  const std::vector<models::Auxiliary> auxiliary = model.auxiliary();
  REQUIRE(auxiliary.size() == 2);
  for (const models::Auxiliary& one : auxiliary) {
    CHECK(one.logits.sizes() == at::IntArrayRef({2, 7}));
    CHECK(one.weight == 0.3);
  }
  model.train(false);
  model.forward(images);
  CHECK(model.auxiliary().empty());
}

TEST_CASE("ShuffleNetV2 shuffles channels-last images alike, and keeps their format") {
  const at::NoGradGuard no_grad;
  models::Model model = models::create("shufflenet_v2_x1_0");
  model.train(false);
  const at::Tensor images = at::rand({2, 3, 64, 64});
  const at::Tensor expected = model.features(images, "stage3");
  model.to_channels_last();
  const at::Tensor found =
      model.features(images.contiguous(at::MemoryFormat::ChannelsLast), "stage3");
  CHECK(found.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(found.allclose(expected, 1e-4, 1e-5));
}
