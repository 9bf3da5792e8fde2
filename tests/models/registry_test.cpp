#include <imgcls/core/error.h>
#include <imgcls/models/blur_pool.h>
#include <imgcls/models/registry.h>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace imgcls;
using Catch::Matchers::Contains;

TEST_CASE("small networks turn images into logits of the classes asked for") {
  const at::NoGradGuard no_grad;
  for (const std::string name : {"resnet18", "resnet9", "airbench"}) {
    const models::Model model = models::create(name, {.classes = 7, .stem = models::Stem::small});
    const at::Tensor logits = model.forward(at::zeros({2, 3, 32, 32}));
    CHECK(logits.sizes() == at::IntArrayRef({2, 7}));
  }
}

TEST_CASE("networks of our own have the parameters that the registry states") {
  for (const std::string name : {"resnet9", "airbench"}) {
    CHECK(models::create(name).parameter_count() == models::info(name).parameters);
  }
}

TEST_CASE("features are what a stage gives, and all stages are the forward pass") {
  const at::NoGradGuard no_grad;
  models::Model model = models::create("resnet18", {.classes = 7});
  model.train(false);
  const at::Tensor images = at::ones({2, 3, 64, 64});
  CHECK(model.stages() ==
        std::vector<std::string>{"stem", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"});
  CHECK(model.features(images, "layer3").sizes() == at::IntArrayRef({2, 256, 4, 4}));
  CHECK(model.features(images, "fc").equal(model.forward(images)));
  CHECK(model.head() == "fc");
  CHECK_THROWS_WITH(model.features(images, "layer5"),
                    Contains("layer5") && Contains("did you mean \"layer"));
}

TEST_CASE("BlurPool keeps names and shapes and changes what the network computes") {
  const at::NoGradGuard no_grad;
  at::manual_seed(1);
  models::Model sharp = models::create("resnet50");
  at::manual_seed(1);
  models::Model blurred = models::create("resnet50", {.blur_pool = true});
  CHECK(blurred.parameters().front().tensor.equal(sharp.parameters().front().tensor));
  sharp.train(false);
  blurred.train(false);
  const at::Tensor images = at::rand({1, 3, 64, 64});
  CHECK(blurred.features(images, "layer4").sizes() == sharp.features(images, "layer4").sizes());
  CHECK_FALSE(blurred.forward(images).allclose(sharp.forward(images)));
  // A constant image stays constant away from the border, whatever is blurred.
  const at::Tensor blurred_ones = models::BlurPool()(at::ones({1, 2, 8, 8}), 2);
  CHECK(blurred_ones.slice(2, 1).slice(3, 1).equal(at::ones({1, 2, 3, 3})));
  CHECK(blurred_ones.flatten()[0].item<float>() == Approx(9.0 / 16));
}

TEST_CASE("a model of one's own is made by its name") {
  models::add({.info = {.name = "my_own", .parameters = 11'181'642, .paper = "none"},
               .make = [](const models::ModelOptions& options) {
                 return models::create("resnet18", {.classes = options.classes});
               }});
  CHECK(models::create("my_own", {.classes = 10}).parameter_count() == 11'181'642);
  CHECK_THROWS_WITH(models::create("my_own", {.drop_path = 0.1}),
                    Contains("my_own takes no model.drop_path"));
  CHECK_THROWS_WITH(models::add({.info = {.name = "my_own", .paper = "none"}, .make = {}}),
                    Contains("already"));
}

TEST_CASE("a model of one channel makes of grey images what it made of three equal channels") {
  const at::NoGradGuard no_grad;
  std::set<std::string> families;  // the first of each
  for (const std::string& name : models::names()) {
    CAPTURE(name);
    const models::ModelInfo& info = models::info(name);
    if (!info.takes.one_channel) {
      CHECK_THROWS_WITH(models::create(name, {.channels = 1}),
                        Contains(name + " takes images of 3 channels, not of 1 channels"));
      continue;
    }
    const bool is_own = name == "my_own", is_large = info.parameters > 62'000'000;
    if (is_own || is_large) continue;
    if (!families.insert(name.substr(0, name.find_first_of("0123456789_"))).second) continue;
    at::manual_seed(1);
    models::Model colors = models::create(name, {.classes = 5});
    at::manual_seed(1);
    models::Model grey = models::create(name, {.classes = 5, .channels = 1});
    CHECK(models::channels_of(grey) == 1);
    for (models::Model* model : {&colors, &grey}) model->train(false);
    const bool of_one_size = info.takes.image_size || name.starts_with("maxvit");
    const std::int64_t side = of_one_size ? info.input_size : 96;
    const at::Tensor images = at::rand({1, 1, side, side});
    // One sum over 9 to 147 products in another order, carried through the network.
    CHECK(colors.forward(images.expand({1, 3, side, side}))
              .allclose(grey.forward(images), 1e-3, 1e-4));
  }
  CHECK(families.size() > 14);
  CHECK_THROWS_WITH(models::create("resnet18", {.channels = 2}), Contains("3 channels or 1"));
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
