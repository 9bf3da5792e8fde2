// Pooling that gives the same bits each time, and blurring.
#include <imgcls/models/blur_pool.h>
#include <imgcls/models/layers.h>

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>

using namespace imgcls;

TEST_CASE("adaptive pooling by slices is ATen's to rounding, and so is its gradient") {
  // VGG at 224 px and others, AlexNet, GoogLeNet's auxiliary classifiers (14 to 4: they overlap),
  // an upward one.
  struct Case {
    int height, width, to_height, to_width;
  };
  for (const Case& c : {Case{7, 7, 7, 7}, Case{9, 12, 7, 7}, Case{13, 13, 6, 6}, Case{14, 14, 4, 4},
                        Case{3, 5, 7, 7}, Case{6, 5, 1, 2}}) {
    at::Tensor x = at::randn({2, 3, c.height, c.width}).set_requires_grad(true);
    at::Tensor y = x.detach().clone().set_requires_grad(true);
    const at::Tensor expected = at::adaptive_avg_pool2d(x, {c.to_height, c.to_width});
    const at::Tensor made = models::adaptive_average_by_slices(y, c.to_height, c.to_width);
    REQUIRE(made.sizes() == expected.sizes());
    // Sums of at most 12 values of order 1 in another order.
    CHECK((made - expected).abs().max().item<double>() < 1e-6);
    const at::Tensor weight = at::randn(expected.sizes());
    (expected * weight).sum().backward();
    (made * weight).sum().backward();
    CHECK((x.grad() - y.grad()).abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("on a CPU adaptive pooling has ATen's bits") {
  const at::Tensor x = at::randn({2, 3, 14, 14});
  CHECK(models::adaptive_average(x, 4, 4).equal(at::adaptive_avg_pool2d(x, {4, 4})));
}

TEST_CASE("blurring follows its input's type") {
  const models::BlurPool blur;
  at::Tensor x = at::zeros({1, 2, 5, 5});
  x.select(2, 2).select(2, 2).fill_(16);
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kFloat}) {
    const at::Tensor made = blur(x.to(type), 1);
    REQUIRE(made.scalar_type() == type);
    const float expected[3] = {1, 2, 1};
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 3; ++column) {
        CHECK(made[0][1][1 + row][1 + column].item<float>() == expected[row] * expected[column]);
      }
    }
  }
  CHECK(blur(x, 2).sizes() == at::IntArrayRef({1, 2, 3, 3}));
}
