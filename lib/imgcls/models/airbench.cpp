#include <imgcls/core/error.h>
#include <imgcls/models/airbench.h>
#include <imgcls/models/batch_norm.h>
#include <imgcls/models/families.h>
#include <imgcls/models/network.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

constexpr double kAirbenchLogitScale = 1.0 / 9;
constexpr int kPatch = 2;
constexpr int kPatchValues = 3 * kPatch * kPatch;
/// Added to the variances that patches are divided by.
constexpr double kWhiteningEps = 5e-4;

/// A 3x3 convolution that starts by passing its first input channels through.
nn::Conv2d identity_conv(int in, int out) {
  nn::Conv2d conv(nn::Conv2dOptions(in, out, 3).padding(1).bias(false));
  nn::init::dirac_(conv->weight.slice(0, 0, std::min(in, out)));
  return conv;
}

/// A batch norm with a trainable bias only, whose running statistics follow within few steps.
BatchNorm2d bias_norm(int channels) {
  BatchNorm2d norm(nn::BatchNorm2dOptions(channels).momentum(0.4));
  norm->weight.set_requires_grad(false);
  return norm;
}

class ConvGroup : public nn::Module {
 public:
  ConvGroup(int in, int out)
      : conv1_(register_module("conv1", identity_conv(in, out))),
        bn1_(register_module("bn1", bias_norm(out))),
        conv2_(register_module("conv2", identity_conv(out, out))),
        bn2_(register_module("bn2", bias_norm(out))) {}

  at::Tensor forward(const at::Tensor& images) {
    const at::Tensor x = at::gelu(bn1_(at::max_pool2d(conv1_(images), {2, 2})));
    return at::gelu(bn2_(conv2_(x)));
  }

 private:
  nn::Conv2d conv1_;
  BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  BatchNorm2d bn2_;
};

class Airbench : public Network {
 public:
  Airbench(int w, int classes)
      : whiten_(
            register_module("whiten", nn::Conv2d(nn::Conv2dOptions(3, 2 * kPatchValues, kPatch)))),
        group1_(register_module("group1", std::make_shared<ConvGroup>(2 * kPatchValues, w))),
        group2_(register_module("group2", std::make_shared<ConvGroup>(w, 4 * w))),
        group3_(register_module("group3", std::make_shared<ConvGroup>(4 * w, 4 * w))),
        fc_(register_module("fc", nn::Linear(nn::LinearOptions(4 * w, classes).bias(false)))) {
    whiten_->weight.set_requires_grad(false);
    nn::init::zeros_(whiten_->bias);
    add_stage("whiten", [this](const at::Tensor& images) { return at::gelu(whiten_(images)); });
    add_stage("group1", [this](const at::Tensor& x) { return group1_->forward(x); });
    add_stage("group2", [this](const at::Tensor& x) { return group2_->forward(x); });
    add_stage("group3", [this](const at::Tensor& x) { return group3_->forward(x); });
    add_stage("pool", [](const at::Tensor& x) { return x.amax({2, 3}); });
    add_stage("fc", [this](const at::Tensor& x) { return fc_(x) * kAirbenchLogitScale; });
    set_head("fc");
  }

  /// Whitening: the eigenvectors of the patches' second moments, each over the root of its
  /// eigenvalue, and the same with the other sign, since GELU keeps one half of each.
  void fit_whitening(const at::Tensor& images) {
    const at::NoGradGuard no_grad;
    const at::Tensor patches = images.unfold(2, kPatch, 1)
                                   .unfold(3, kPatch, 1)
                                   .permute({0, 2, 3, 1, 4, 5})
                                   .reshape({-1, kPatchValues})
                                   .to(at::kDouble);
    const at::Tensor moments =
        at::matmul(patches.t(), patches) / static_cast<double>(patches.size(0));
    const auto [values, vectors] = at::linalg_eigh(moments);
    const at::Tensor filters = (vectors / (values + kWhiteningEps).sqrt())
                                   .t()
                                   .flip(0)
                                   .reshape({kPatchValues, 3, kPatch, kPatch});
    whiten_->weight.copy_(at::cat({filters, -filters}));
  }

 private:
  nn::Conv2d whiten_;
  std::shared_ptr<ConvGroup> group1_, group2_, group3_;
  nn::Linear fc_;
};

}  // namespace

Model airbench(const ModelOptions& options) {
  const int width = options.width == 0 ? 64 : options.width;
  auto net = std::make_shared<Airbench>(width, options.classes);
  Model model(net, "airbench");
  model.set_image_fit([net](const at::Tensor& images) { net->fit_whitening(images); });
  return model;
}

std::vector<ModelEntry> airbench_family() {
  return {{.info = {.name = "airbench",
                    .parameters = 2'224'792,
                    .gflops = 0.118,
                    .input_size = 32,
                    .paper = "arXiv:2404.00498",
                    .takes = {.small_stem = true, .width = true, .one_channel = false}},
           .make = airbench}};
}

}  // namespace imgcls::models
