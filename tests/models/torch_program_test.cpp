// A model among LibTorch's own classes: holders, torch::optim, clipping.
#include <imgcls/models/model.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/sgd.h>

#include <catch2/catch.hpp>

using namespace imgcls;

namespace {

struct TinyNetImpl : torch::nn::Module {
  explicit TinyNetImpl(int classes) : fc(register_module("fc", torch::nn::Linear(3, classes))) {}
  torch::Tensor forward(const torch::Tensor& images) { return fc(images.mean({2, 3})); }
  torch::nn::Linear fc;
};
TORCH_MODULE(TinyNet);

}  // namespace

TEST_CASE("a holder is a model, whose parameters torch::optim and clipping take") {
  const TinyNet net(5);
  const models::Model model(net, "tiny");
  CHECK(model.name() == "tiny");
  CHECK(model.parameters().front().name == "fc.weight");

  torch::optim::SGD optimizer(model.parameters(), 0.5);
  const torch::Tensor before = net->fc->weight.detach().clone();
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    model.forward(torch::ones({2, 3, 4, 4})).pow(2).sum().backward();
    CHECK(torch::nn::utils::clip_grad_norm_(model.parameters(), 1e-3) > 1e-3);
    optimizer.step();
  }
  const torch::Tensor moved = (net->fc->weight.detach() - before).norm();
  CHECK(moved.item<double>() > 1e-4);
  CHECK(moved.item<double>() < 1.1e-3);  // two steps of a norm of 1e-3 at a rate of 0.5
}
