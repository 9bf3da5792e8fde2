// Networks and operators on the fake device.
#include "fake_device.h"

#include <imgcls/models/model.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/precision.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/batch_norm_backward_elemt.h>
#include <ATen/ops/batch_norm_backward_reduce.h>
#include <ATen/ops/batch_norm_elemt.h>
#include <ATen/ops/batch_norm_gather_stats_with_counts.h>
#include <ATen/ops/batch_norm_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::fake::Counts;
using test::fake::counts;
using test::fake::kDevice;

namespace {

at::TensorOptions on_device() {
  return at::TensorOptions().device(kDevice);
}

class Net : public torch::nn::Module {
 public:
  Net()
      : conv_(register_module("conv",
                              torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 3).padding(1)))),
        bn_(register_module("bn", torch::nn::BatchNorm2d(8))),
        deep_(register_module(
            "deep", torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3).groups(8).bias(false)))),
        fc_(register_module("fc", torch::nn::Linear(8 * 4, 10))) {}

  at::Tensor forward(const at::Tensor& images) {
    at::Tensor x = at::max_pool2d(bn_(conv_(images)).relu_(), {2, 2}, {2, 2});
    x = at::adaptive_avg_pool2d(deep_(x) + x.narrow(2, 1, 6).narrow(3, 1, 6), {2, 2});
    return fc_(at::dropout(x.flatten(1), 0.2, is_training()));
  }

 private:
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d bn_;
  torch::nn::Conv2d deep_;
  torch::nn::Linear fc_;
};

struct Run {
  std::vector<float> losses;
  at::Tensor evaluated;
};

Run run_training(const c10::Device& device, const std::string& kind, train::Precision precision) {
  at::manual_seed(7);
  auto net = std::make_shared<Net>();
  const at::Tensor images = at::randn({6, 3, 16, 16}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor labels = at::randint(10, {6});
  net->to(device);
  models::Model model(net, "net");
  const auto optimizer = optim::make_optimizer(model.parameters(), {.name = kind, .groups = {}});
  optim::GradScaler scaler(device.str());
  at::manual_seed(8);
  test::fake::reset_counts();
  std::vector<at::Tensor> losses;
  for (int step = 0; step < 4; ++step) {
    at::Tensor loss;
    {
      const train::Autocast autocast(device.str(), precision);
      loss = at::cross_entropy_loss(net->forward(images.to(device)), labels.to(device), {},
                                    at::Reduction::Mean, -100, 0.1);
    }
    scaler.scale(loss).backward();
    scaler.step(*optimizer, 0.1);
    for (const auto& parameter : model.parameters()) parameter.tensor.mutable_grad().zero_();
    losses.push_back(loss.detach());
  }
  const Counts during = counts();
  Run run;
  for (const at::Tensor& loss : losses) run.losses.push_back(loss.item<float>());
  net->eval();
  const c10::InferenceMode inference;
  run.evaluated = net->forward(images.to(device)).softmax(1).cpu();
  if (!device.is_cpu()) {
    CHECK(during.host_waits() == 8);  // the images and labels of four steps, which are not pinned
    CHECK(during.blocking_uploads == 8);
    CHECK(during.all_streams().uploads == 8);
    CHECK(during.all_streams().upload_bytes == 4 * (6 * 3 * 16 * 16 * 4 + 6 * 8));
    CHECK(during.all_streams().kernels > 100);
    CHECK(during.all_streams().downloads == 0);
    CHECK(counts().items == 4);
    CHECK(counts().races.empty());
  }
  return run;
}

}  // namespace

TEST_CASE("a network trains on the fake device exactly as on the CPU") {
  test::fake::fresh();
  using train::Precision;
  for (const std::string kind : {"sgd", "adam"}) {
    CAPTURE(kind);
    const Run of_device = run_training(kDevice, kind, Precision::fp32);
    const Run of_cpu = run_training(at::kCPU, kind, Precision::fp32);
    CHECK(of_device.losses == of_cpu.losses);
    CHECK(of_device.evaluated.equal(of_cpu.evaluated));
    CHECK(of_device.losses.front() != of_device.losses.back());
  }
}

TEST_CASE("a network trains on the fake device in mixed precision") {
  test::fake::fresh();
  using train::Precision;
  const std::string kind = "sgd";
  const Run exact = run_training(kDevice, kind, Precision::fp32);
  for (const Precision precision : {Precision::bf16, Precision::fp16}) {
    CAPTURE(static_cast<int>(precision));
    const Run run = run_training(kDevice, kind, precision);
    CHECK(run.losses != exact.losses);
    for (std::size_t i = 0; i < run.losses.size(); ++i) {
      CHECK(run.losses[i] == Approx(exact.losses[i]).margin(0.02));
    }
  }
}

TEST_CASE("an operator gives back its arguments, views of them, or something new") {
  test::fake::fresh();
  at::Tensor a = at::arange(6, on_device().dtype(at::kFloat)).view({2, 3});
  CHECK(a.add_(1).is_same(a));
  CHECK(a.t().is_alias_of(a));
  CHECK(a.unfold(1, 2, 1).is_alias_of(a));
  CHECK_FALSE(a.add(1).is_alias_of(a));
  CHECK(a.add(1).device() == kDevice);

  at::Tensor out = at::empty({0}, on_device());
  at::cat_out(out, {a, a});
  CHECK(out.sizes() == at::IntArrayRef{4, 3});
  CHECK(out.cpu().equal(at::cat({a.cpu(), a.cpu()})));
  out.resize_({100});
  CHECK(out[11].item<float>() == 6);

  std::vector<at::Tensor> list{a, a.clone()};
  test::fake::reset_counts();
  at::_foreach_mul_(list, 2);
  CHECK(counts().all_streams().kernels == 1);
  CHECK(counts().operators ==
        std::map<std::string, std::int64_t>{{"aten::_foreach_mul_.Scalar", 1}});
  CHECK(a.cpu()[0][0].item<float>() == 2);

  CHECK_THROWS_WITH(a.add(at::ones({2, 3})), Contains("to be on the same device"));
  CHECK_THROWS_WITH(at::mm(a, at::ones({3, 2})), Contains("'mat2' is on the CPU"));
  CHECK(a.add(at::ones({})).device() == kDevice);
}

TEST_CASE("the fake device draws random numbers of its own") {
  test::fake::fresh();
  at::manual_seed(3);
  const at::Tensor of_cpu = at::rand({5});
  const at::Tensor of_device = at::rand({5}, on_device());
  CHECK(of_device.cpu().equal(of_cpu));
  CHECK_FALSE(at::rand({5}, on_device()).cpu().equal(of_cpu));
}

TEST_CASE("CUDA's pieces of batch normalization make a batch normalization") {
  test::fake::fresh();
  const double epsilon = 1e-5, momentum = 0.1;
  at::manual_seed(5);
  const auto format = GENERATE(at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast);
  const at::Tensor x = (at::randn({6, 3, 4, 4}) * 2 + 1).contiguous(format);
  const at::Tensor dy = at::randn({6, 3, 4, 4}).contiguous(format);
  const at::Tensor weight = at::rand({3}), bias = at::rand({3});
  at::Tensor mean = at::zeros({3}), var = at::ones({3});
  const auto [y, save_mean, save_invstd] =
      at::native_batch_norm(x, weight, bias, mean, var, true, momentum, epsilon);
  const auto [dx, dweight, dbias] = at::native_batch_norm_backward(
      dy, x, weight, mean, var, save_mean, save_invstd, true, epsilon, {true, true, true});

  const auto close = [](const at::Tensor& on, const at::Tensor& expected) {
    return on.device() == kDevice && at::allclose(on.cpu(), expected, 1e-4, 1e-5);
  };
  // Of a batch that lies on two devices: two images here and four there.
  const at::Tensor all = x.to(kDevice), grad = dy.to(kDevice), w = weight.to(kDevice);
  const auto [mean_a, invstd_a] = at::batch_norm_stats(all.narrow(0, 0, 2), epsilon);
  const auto [mean_b, invstd_b] = at::batch_norm_stats(all.narrow(0, 2, 4), epsilon);
  const at::Tensor counted = at::tensor({32.F, 64.F}).to(kDevice);
  at::Tensor new_mean = at::zeros({3}, on_device()), new_var = at::ones({3}, on_device());
  const auto [whole_mean, whole_invstd] = at::batch_norm_gather_stats_with_counts(
      all, at::stack({mean_a, mean_b}), at::stack({invstd_a, invstd_b}), new_mean, new_var,
      momentum, epsilon, counted);
  CHECK(close(whole_mean, save_mean));
  CHECK(close(whole_invstd, save_invstd));
  CHECK(close(new_mean, mean));
  CHECK(close(new_var, var));
  const at::Tensor normed =
      at::batch_norm_elemt(all, w, bias.to(kDevice), whole_mean, whole_invstd, epsilon);
  CHECK(close(normed, y));
  CHECK(normed.strides() == all.strides());
  const auto [sum_dy, sum_dy_xmu, grad_weight, grad_bias] =
      at::batch_norm_backward_reduce(grad, all, whole_mean, whole_invstd, w, true, true, true);
  CHECK(close(grad_weight, dweight));
  CHECK(close(grad_bias, dbias));
  CHECK(close(at::batch_norm_backward_elemt(grad, all, whole_mean, whole_invstd, w, sum_dy,
                                            sum_dy_xmu, counted.to(at::kInt)),
              dx));
}
