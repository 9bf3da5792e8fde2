#pragma once
// A small network with all that matters to a trainer: convolution, batch norm, dropout, classifier.

#include <imgcls/models/model.h>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::test {

class ToyNet : public torch::nn::Module {
 public:
  explicit ToyNet(int classes = 4)
      : conv_(register_module("conv", torch::nn::Conv2d(3, 8, 3))),
        bn_(register_module("bn", torch::nn::BatchNorm2d(8))),
        dropout_(register_module("dropout", torch::nn::Dropout(0.2))),
        fc_(register_module("fc", torch::nn::Linear(8 * 4, classes))) {}

  at::Tensor forward(const at::Tensor& images) {
    const at::Tensor x = at::adaptive_avg_pool2d(bn_(conv_(images)).relu(), {2, 2});
    return fc_(dropout_(x.flatten(1)));
  }

 private:
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d bn_;
  torch::nn::Dropout dropout_;
  torch::nn::Linear fc_;
};

inline models::Model toy_model() {
  return models::Model(std::make_shared<ToyNet>(), "toy");
}

}  // namespace imgcls::test
