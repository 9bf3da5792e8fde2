#include "../support/toy_net.h"
#include "../support/toy_source.h"

#include <imgcls/train/evaluate.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace imgcls;

namespace {

at::Tensor logits(std::vector<float> values, std::int64_t classes) {
  return at::tensor(values).reshape({-1, classes});
}

at::Tensor labels(std::vector<std::int64_t> values) {
  return at::tensor(values);
}

}  // namespace

TEST_CASE("top-1 and top-5 count the place of the right class") {
  // Places of class 0 among seven: first, second, fifth, sixth.
  const at::Tensor rows = logits({9, 1, 2, 3, 4, 5, 6,  //
                                  8, 9, 2, 3, 4, 5, 6,  //
                                  3, 4, 5, 6, 7, 1, 0,  //
                                  2, 3, 4, 5, 6, 7, 1},
                                 7);
  const train::EvalCounts counts = train::count(rows, labels({0, 0, 0, 0}));
  CHECK(counts.images == 4);
  CHECK(counts.top1 == 1);
  CHECK(counts.top5 == 3);
}

TEST_CASE("of equal logits the class with the lower number comes first") {
  CHECK(train::count(logits({1, 1, 0}, 3), labels({0})).top1 == 1);
  CHECK(train::count(logits({1, 1, 0}, 3), labels({1})).top1 == 0);
}

TEST_CASE("logits that are no numbers are wrong, and so is the loss none") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const train::EvalCounts counts =
      train::count(logits({nan, nan, nan, nan, nan, nan}, 6), labels({2}));
  CHECK(counts.images == 1);
  CHECK(counts.top1 == 0);
  CHECK(counts.top5 == 0);
  CHECK(std::isnan(counts.loss()));
}

TEST_CASE("skipped images are not counted") {
  const train::EvalCounts counts =
      train::count(logits({1, 0, 0, 1, 1, 0}, 2), labels({0, data::kSkippedLabel, 1}));
  CHECK(counts.images == 2);
  CHECK(counts.top1 == 1);
  CHECK(train::count(logits({1, 0}, 2), labels({data::kSkippedLabel})).images == 0);
}

TEST_CASE("the loss is the mean cross-entropy") {
  const train::EvalCounts counts =
      train::count(logits({0, 0, 0, std::log(3.f)}, 2), labels({0, 1}));
  CHECK(counts.loss() == Approx((std::log(2.0) + std::log(4.0 / 3.0)) / 2).epsilon(1e-6));
}

TEST_CASE("with flip, images and their mirror images count alike") {
  // A network that says class 1 where the image's left half is brighter, class 0 otherwise.
  const models::Model model(
      std::make_shared<test::ToyNet>(),
      [](const at::Tensor& x) {
        const at::Tensor left = x.slice(3, 0, 6).mean({1, 2, 3}),
                         right = x.slice(3, 6).mean({1, 2, 3});
        const at::Tensor difference = left - right;
        return at::stack(
            {difference * 0 + 0.01, difference, difference * 0 - 1, difference * 0 - 1}, 1);
      },
      "left or right");
  data::Loader loader(std::make_shared<test::ToySource>(40, 1),
                      {.batch = 20, .transform = data::EvalOptions{.size = 12, .resize = 0}});
  const train::InputStage input({}, "cpu", true);
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const auto go_on = [](std::size_t) { return true; };
  const auto plain = train::evaluate(model, loader, input, *world, false, go_on);
  const auto flipped = train::evaluate(model, loader, input, *world, true, go_on);
  // The plain network is wrong about all; with its mirror image added, a difference vanishes, and
  // all images are called class 0.
  CHECK(plain.top1 == 0);
  CHECK(flipped.top1 == 10);
}

TEST_CASE("an image's logits are the mean of its crops', and with flip of their mirror images'") {
  const models::Model model(
      std::make_shared<test::ToyNet>(),
      [](const at::Tensor& x) {
        const at::Tensor mean = x.mean({1, 2, 3}), left = x.slice(3, 0, 1).mean({1, 2, 3});
        return at::stack({mean, left}, 1);
      },
      "means");
  // Crop c of image i holds 10 i + c, and 4 more in its left column.
  at::Tensor images = at::arange(2, at::kFloat).mul(10).view({2, 1, 1, 1, 1}) +
                      at::arange(5, at::kFloat).view({1, 5, 1, 1, 1});
  images = images.expand({2, 5, 3, 4, 4}).contiguous().view({10, 3, 4, 4});
  images.slice(3, 0, 1).add_(4);
  const auto rows = [&](int views, bool flip) {
    return train::eval_logits(model, images, views, flip);
  };
  CHECK(rows(1, false).sizes() == at::IntArrayRef({10, 2}));
  CHECK(at::allclose(rows(5, false), at::tensor({3.F, 6.F, 13.F, 16.F}).view({2, 2})));
  CHECK(at::allclose(rows(5, true), at::tensor({3.F, 4.F, 13.F, 14.F}).view({2, 2})));
}

TEST_CASE("evaluation of several crops counts each image once") {
  const models::Model model = test::toy_model();
  const auto source = std::make_shared<test::ToySource>(50, 1);
  const train::InputStage input({}, "cpu", true);
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const data::EvalOptions transform{.size = 8, .resize = 0, .crops = 10};
  data::Loader loader(source, {.batch = 20, .transform = transform});
  const auto counts =
      train::evaluate(model, loader, input, *world, false, [](std::size_t) { return true; });
  CHECK(counts.images == 50);

  const at::NoGradGuard no_grad;
  models::Model evaluated = model;
  evaluated.train(false);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < source->size(); ++i) {
    const data::Image image = data::read_image(*source, i);
    std::vector<std::uint8_t> crops(std::size_t{10} * 8 * 8 * 3);
    data::apply(data::plan_eval(image.size, transform), image, crops);
    const at::Tensor logits = evaluated.forward(train::normalize(crops, 8, {})).mean(0);
    right += logits.argmax().item<std::int64_t>() == source->label(i) ? 1 : 0;
  }
  CHECK(counts.top1 == right);
}

TEST_CASE("evaluation leaves the model in the mode it was in, and can be stopped") {
  const models::Model model = test::toy_model();
  CHECK(model.is_training());
  data::Loader loader(std::make_shared<test::ToySource>(50, 1),
                      {.batch = 20, .transform = data::EvalOptions{.size = 12, .resize = 0}});
  const train::InputStage input({}, "cpu", true);
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const auto counts =
      train::evaluate(model, loader, input, *world, false, [](std::size_t) { return true; });
  CHECK(counts.images == 50);
  CHECK(model.is_training());
  const auto stopped = train::evaluate(model, loader, input, *world, false,
                                       [](std::size_t done) { return done < 2; });
  CHECK(stopped.images == -1);
}
