#include <imgcls/models/batch_norm.h>
#include <imgcls/models/families.h>
#include <imgcls/models/network.h>
#include <imgcls/models/resnet9.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// The classifier's output is scaled down, so that training starts with small logits.
constexpr double kResNet9LogitScale = 0.125;

/// Convolution, max pool (optional), batch norm, ReLU. Pooling first halves the work of the rest.
class ConvBlock : public nn::Module {
 public:
  ConvBlock(int in, int out, bool pool)
      : conv_(register_module("conv",
                              nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1).bias(false)))),
        bn_(register_module("bn", BatchNorm2d(out))),
        pool_(pool) {}

  at::Tensor forward(const at::Tensor& images) {
    at::Tensor x = conv_(images);
    if (pool_) x = at::max_pool2d(x, {2, 2});
    return bn_(x).relu_();
  }

  BatchNorm2d& norm() { return bn_; }

 private:
  nn::Conv2d conv_;
  BatchNorm2d bn_;
  bool pool_;
};

/// A pooled ConvBlock, and a residual pair of ConvBlocks after it.
class ResidualStage : public nn::Module {
 public:
  ResidualStage(int in, int out)
      : down_(register_module("down", std::make_shared<ConvBlock>(in, out, true))),
        block1_(register_module("block1", std::make_shared<ConvBlock>(out, out, false))),
        block2_(register_module("block2", std::make_shared<ConvBlock>(out, out, false))) {}

  at::Tensor forward(const at::Tensor& images) {
    const at::Tensor x = down_->forward(images);
    return x + block2_->forward(block1_->forward(x));
  }

  BatchNorm2d& last_norm() { return block2_->norm(); }

 private:
  std::shared_ptr<ConvBlock> down_, block1_, block2_;
};

class ResNet9 : public Network {
 public:
  ResNet9(int w, int classes, bool zero_init_residual)
      : prep_(register_module("prep", std::make_shared<ConvBlock>(3, w, false))),
        layer1_(register_module("layer1", std::make_shared<ConvBlock>(w, 2 * w, true))),
        layer2_(register_module("layer2", std::make_shared<ResidualStage>(2 * w, 6 * w))),
        layer3_(register_module("layer3", std::make_shared<ResidualStage>(6 * w, 12 * w))),
        fc_(register_module("fc", nn::Linear(12 * w, classes))) {
    add_stage("prep", [this](const at::Tensor& images) { return prep_->forward(images); });
    add_stage("layer1", [this](const at::Tensor& x) { return layer1_->forward(x); });
    add_stage("layer2", [this](const at::Tensor& x) { return layer2_->forward(x); });
    add_stage("layer3", [this](const at::Tensor& x) { return layer3_->forward(x); });
    add_stage("pool", [](const at::Tensor& x) { return x.amax({2, 3}); });
    add_stage("fc", [this](const at::Tensor& x) { return fc_(x) * kResNet9LogitScale; });
    set_head("fc");
    if (!zero_init_residual) return;
    nn::init::zeros_(layer2_->last_norm()->weight);
    nn::init::zeros_(layer3_->last_norm()->weight);
  }

 private:
  std::shared_ptr<ConvBlock> prep_, layer1_;
  std::shared_ptr<ResidualStage> layer2_, layer3_;
  nn::Linear fc_;
};

}  // namespace

Model resnet9(const ModelOptions& options) {
  const int width = options.width == 0 ? 16 : options.width;
  return Model(std::make_shared<ResNet9>(width, options.classes, options.zero_init_residual),
               "resnet9");
}

std::vector<ModelEntry> resnet9_family() {
  return {{.info = {.name = "resnet9",
                    .parameters = 1'222'840,
                    .gflops = 0.044,
                    .input_size = 32,
                    .paper = "David Page, How to train your ResNet (2018)",
                    .takes = {.zero_init_residual = true, .small_stem = true, .width = true}},
           .make = resnet9}};
}

}  // namespace imgcls::models
