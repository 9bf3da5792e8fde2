#include <imgcls/core/error.h>
#include <imgcls/models/airbench.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/randn.h>

#include <catch2/catch.hpp>

using namespace imgcls;

namespace {

at::Tensor parameter(const models::Model& model, const std::string& name) {
  for (const models::NamedTensor& p : model.parameters()) {
    if (p.name == name) return p.tensor;
  }
  FAIL("no parameter " << name);
  return {};
}

}  // namespace

TEST_CASE("whitening decorrelates the patches of the images it was fitted to") {
  const at::NoGradGuard no_grad;
  const models::Model model = models::airbench({.classes = 10});
  REQUIRE(model.wants_image_fit());
  // Neighbouring pixels and channels depend on each other.
  at::Tensor images = at::randn({64, 3, 33, 33});
  images = images + images.roll({1}, {3}) + images.roll({1}, {2}).mul(0.5) + images.mean({1}, true);
  model.fit_to_images(images);

  const at::Tensor filters = parameter(model, "whiten.weight");
  const at::Tensor white =
      at::conv2d(images, filters.slice(0, 0, 12)).permute({0, 2, 3, 1}).reshape({-1, 12});
  const at::Tensor moments = at::matmul(white.t(), white) / static_cast<double>(white.size(0));
  // Not exactly one: the eigenvalues are divided with a small number added.
  CHECK((moments - at::eye(12)).abs().max().item<double>() < 0.02);
  CHECK(filters.slice(0, 12).equal(-filters.slice(0, 0, 12)));
}

TEST_CASE("airbench's convolutions start by passing their input through") {
  const models::Model model = models::airbench({.width = 32});
  const at::Tensor weight = parameter(model, "group1.conv1.weight");  // 32 x 24 x 3 x 3
  for (std::int64_t c = 0; c < 24; ++c) {
    CHECK(weight.select(0, c).abs().sum().item<double>() == 1);
    CHECK(weight.select(0, c).select(0, c).select(0, 1).select(0, 1).item<double>() == 1);
  }
  CHECK(weight.select(0, 30).abs().sum().item<double>() != 1);
}

TEST_CASE("what airbench keeps fixed is not trained") {
  const models::Model model = models::airbench({});
  CHECK_FALSE(parameter(model, "whiten.weight").requires_grad());
  CHECK_FALSE(parameter(model, "group2.bn1.weight").requires_grad());
  CHECK(parameter(model, "group2.bn1.bias").requires_grad());
  CHECK_THROWS_AS(models::create("airbench", {.zero_init_residual = true}), ConfigError);
}
