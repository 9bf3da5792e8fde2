#include <imgcls/core/error.h>
#include <imgcls/models/batch_norm.h>

#include <ATen/ops/randn.h>
#include <catch2/catch.hpp>

using namespace imgcls;

namespace {

/// One process that tells itself.
struct Alone : models::StatisticsExchange {
  at::Tensor gather(const at::Tensor& mine) override {
    ++gathered;
    return mine.unsqueeze(0);
  }
  void sum(at::Tensor&) override { ++summed; }
  int gathered = 0, summed = 0;
};

at::Tensor random_images() {
  at::manual_seed(3);
  return at::randn({6, 4, 5, 5}) * 2 + 1;
}

struct Outcome {
  at::Tensor output, gradient, weight_gradient, running_mean, running_var;
};

template <class Layer>
Outcome one_step(Layer& layer) {
  const at::Tensor images = random_images().requires_grad_();
  const at::Tensor output = layer->forward(images);
  (output * at::arange(25).view({5, 5})).square().sum().backward();
  return {output, images.grad(), layer->weight.grad(), layer->running_mean, layer->running_var};
}

}  // namespace

TEST_CASE("batch norm has the names and bits of torch's") {
  models::BatchNorm2d ours(4);
  torch::nn::BatchNorm2d theirs(4);
  REQUIRE(ours->named_parameters().keys() == theirs->named_parameters().keys());
  REQUIRE(ours->named_buffers().keys() == theirs->named_buffers().keys());
  const Outcome a = one_step(ours), b = one_step(theirs);
  CHECK(a.output.equal(b.output));
  CHECK(a.gradient.equal(b.gradient));
  CHECK(a.weight_gradient.equal(b.weight_gradient));
  CHECK(a.running_mean.equal(b.running_mean));
  CHECK(a.running_var.equal(b.running_var));
  ours->eval();
  theirs->eval();
  CHECK(ours->forward(random_images()).equal(theirs->forward(random_images())));
}

TEST_CASE("batch norm with shared statistics says one thing in each direction") {
  models::BatchNorm2d ours(4);
  torch::nn::BatchNorm2d theirs(4);
  const auto alone = std::make_shared<Alone>();
  ours->set_exchange(alone);
  const Outcome a = one_step(ours), b = one_step(theirs);
  CHECK(at::allclose(a.output, b.output, 1e-6, 1e-6));
  CHECK(at::allclose(a.gradient, b.gradient, 1e-5, 1e-3));  // gradients of up to 1,000
  CHECK(b.gradient.abs().max().item<double>() > 100);
  CHECK(at::allclose(a.weight_gradient, b.weight_gradient, 1e-5));
  CHECK(at::allclose(a.running_mean, b.running_mean, 1e-6));
  CHECK(at::allclose(a.running_var, b.running_var, 1e-6));
  CHECK(ours->num_batches_tracked.item<int>() == 1);
  CHECK(alone->gathered == 1);
  CHECK(alone->summed == 1);

  ours->eval();
  ours->forward(random_images());
  ours->train();
  ours->set_exchange(nullptr);
  ours->forward(random_images());
  CHECK(alone->gathered == 1);
}

TEST_CASE("a clone of a batch norm is one of ours") {
  models::BatchNorm2d ours(4);
  CHECK(std::dynamic_pointer_cast<models::BatchNorm2dImpl>(ours->clone()));
}

TEST_CASE("batch norm refuses what are no images") {
  models::BatchNorm2d ours(4);
  CHECK_THROWS_AS(ours->forward(at::randn({2, 4})), Error);
  ours->set_exchange(std::make_shared<Alone>());
  CHECK_THROWS_AS(ours->forward(at::randn({2, 4})), Error);
}

TEST_CASE("shared statistics have no second derivative") {
  models::BatchNorm2d ours(4);
  ours->set_exchange(std::make_shared<Alone>());
  const at::Tensor images = random_images().requires_grad_();
  const at::Tensor loss = ours->forward(images).square().sum();
  CHECK_THROWS_AS(loss.backward({}, /*retain_graph=*/true, /*create_graph=*/true), Error);
}
