#include <imgcls/core/error.h>
#include <imgcls/models/registry.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;

TEST_CASE("ResNets have the papers' numbers of parameters") {
  // torchvision's documentation gives these.
  CHECK(models::create("resnet18").parameter_count() == 11'689'512);
  CHECK(models::create("resnet34").parameter_count() == 21'797'672);
  CHECK(models::create("resnet50").parameter_count() == 25'557'032);
  CHECK(models::create("resnet101").parameter_count() == 44'549'160);
  CHECK(models::create("resnet152").parameter_count() == 60'192'808);
}

TEST_CASE("every model turns images into logits of the classes asked for") {
  const at::NoGradGuard no_grad;
  for (const std::string& name : models::names()) {
    const models::Model model = models::create(name, {.classes = 7, .stem = models::Stem::small});
    const at::Tensor logits = model.forward(at::zeros({2, 3, 32, 32}));
    CHECK(logits.sizes() == at::IntArrayRef({2, 7}));
  }
}

TEST_CASE("the small stem keeps the image's resolution") {
  const models::Model model = models::create("resnet18", {.stem = models::Stem::small});
  CHECK(model.parameters().front().name == "conv1.weight");
  CHECK(model.parameters().front().tensor.sizes() == at::IntArrayRef({64, 3, 3, 3}));
}

TEST_CASE("an unknown model is refused with the nearest name") {
  CHECK_THROWS_WITH(models::create("resnet55"),
                    Contains("resnet55") && Contains("did you mean") && Contains("resnet5"));
}

TEST_CASE("a width is refused where the model has none") {
  CHECK_THROWS_AS(models::create("resnet18", {.width = 8}), ConfigError);
}

TEST_CASE("channels_last changes the layout and no value") {
  models::Model model = models::create("resnet18", {.classes = 3});
  const at::Tensor before = model.parameters().front().tensor.detach().clone();
  model.to_channels_last();
  const at::Tensor after = model.parameters().front().tensor;
  CHECK(after.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(after.equal(before));
}
