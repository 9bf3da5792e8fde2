// A training step of each family of models on a device that works by itself: no layer may make the
// host wait for it.
#include "../support/fake_device.h"

#include <imgcls/models/registry.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <catch2/catch.hpp>

using namespace imgcls;
namespace fake = test::fake;

TEST_CASE("no layer makes the host wait for the device") {
  const auto [name, side] =
      GENERATE(table<const char*, int>({{"resnet18", 64},        {"alexnet", 64},
                                        {"vgg11_bn", 64},        {"googlenet", 64},
                                        {"densenet121", 64},     {"squeezenet1_1", 64},
                                        {"mobilenet_v2", 64},    {"mobilenet_v3_small", 64},
                                        {"mnasnet0_5", 64},      {"shufflenet_v2_x0_5", 64},
                                        {"efficientnet_b0", 64}, {"efficientnet_lite0", 64},
                                        {"regnet_y_400mf", 64},  {"convnext_tiny", 64},
                                        {"swin_t", 64},          {"swin_v2_t", 64},
                                        {"vit_ti_16", 224},      {"maxvit_t", 224},
                                        {"resnet9", 32},         {"airbench", 32}}));
  // For all tests of this program: autograd's thread for the device keeps what it began with, and
  // sums of one thread and of two differ.
  at::set_num_threads(1);
  // As in a run that is to be repeated to the bit.
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  models::Model model = models::create(name, {.classes = 10});
  model.to(fake::kDevice.str());
  model.train();
  const at::Tensor images = at::randn({2, 3, side, side}).to(fake::kDevice);
  const at::Tensor labels = at::zeros({2}, at::kLong).to(fake::kDevice);
  for (int step = 0; step < 2; ++step) {  // what the first one prepares, the second one has
    fake::reset_counts();
    at::cross_entropy_loss(model.forward(images), labels).backward();
  }
  CAPTURE(name, fake::counts().waits, fake::counts().races);
  CHECK(fake::counts().waits.empty());
  CHECK(fake::counts().races.empty());
  at::globalContext().setDeterministicAlgorithms(false, /*warn_only=*/false);
}
