#include <imgcls/models/families.h>
#include <imgcls/models/inception_layers.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/cat.h>
#include <torch/nn/modules/dropout.h>

#include <functional>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// Channels of the branches: a row of the paper's table 1. `..._reduced` are those of the 1x1
/// convolution in front.
struct InceptionWidths {
  int conv1x1, conv3x3_reduced, conv3x3, conv5x5_reduced, conv5x5, pool;

  int sum() const { return conv1x1 + conv3x3 + conv5x5 + pool; }
};

class InceptionImpl : public nn::Module {
 public:
  InceptionImpl(int in, const InceptionWidths& widths)
      : branch1_(register_module("branch1", BasicConv(in, widths.conv1x1, 1))) {
    add_reduced(branch2_, in, widths.conv3x3_reduced, widths.conv3x3);
    register_module("branch2", branch2_);
    add_reduced(branch3_, in, widths.conv5x5_reduced, widths.conv5x5);
    register_module("branch3", branch3_);
    branch4_->add(max_pool(3, 1, 1, /*ceil_mode=*/true));
    branch4_->add(BasicConv(in, widths.pool, 1));
    register_module("branch4", branch4_);
  }

  at::Tensor forward(const at::Tensor& x) {
    return at::cat({branch1_(x), branch2_(x), branch3_(x), branch4_(x)}, 1);
  }

 private:
  // 3x3 also where the paper has 5x5, as the published weights do.
  static void add_reduced(Chain& branch, int in, int reduced, int out) {
    branch->add(BasicConv(in, reduced, 1));
    branch->add(BasicConv(reduced, out, 3, 1, 1));
  }

  BasicConv branch1_;
  Chain branch2_, branch3_, branch4_;
};
TORCH_MODULE(Inception);

/// Logits from the middle of the network, so that gradients reach its first layers.
class GoogLeNetAuxiliary : public nn::Module {
 public:
  GoogLeNetAuxiliary(int in, int classes)
      : conv_(register_module("conv", BasicConv(in, 128, 1))),
        fc1_(register_module("fc1", nn::Linear(128 * kSide * kSide, kHidden))),
        fc2_(register_module("fc2", nn::Linear(kHidden, classes))),
        dropout_(register_module("dropout", nn::Dropout(0.7))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor pooled = adaptive_average(x, kSide, kSide);
    return fc2_(dropout_(fc1_(conv_(pooled).flatten(1)).relu_()));
  }

 private:
  static constexpr int kSide = 4, kHidden = 1024;

  BasicConv conv_;
  nn::Linear fc1_, fc2_;
  nn::Dropout dropout_;
};

class GoogLeNet : public Network {
 public:
  explicit GoogLeNet(const ModelOptions& options) {
    make_stem();
    const int channels = make_inceptions();
    aux1_ = register_module("aux1", std::make_shared<GoogLeNetAuxiliary>(512, options.classes));
    aux2_ = register_module("aux2", std::make_shared<GoogLeNetAuxiliary>(528, options.classes));
    add_stage("avgpool", global_average);
    register_stage("dropout", nn::Dropout(options.dropout.value_or(0.2)));
    register_stage("fc", nn::Linear(channels, options.classes));
    set_head("fc", {"aux1.fc2", "aux2.fc2"});
    for (const auto& module : modules(/*include_self=*/false)) {
      draw_inception_weights(*module, 0.01);
    }
  }

  /// The later one first.
  std::vector<Auxiliary> auxiliary() const override {
    constexpr double kWeight = 0.3;
    if (!is_training()) return {};
    return {{logits2_, kWeight}, {logits1_, kWeight}};
  }

 private:
  void make_stem() {
    register_stage("conv1", BasicConv(3, 64, 7, 2, 3));
    pool("maxpool1", 3);
    register_stage("conv2", BasicConv(64, 64, 1));
    register_stage("conv3", BasicConv(64, 192, 3, 1, 1));
    pool("maxpool2", 3);
  }

  // Returns the channels of the last one.
  int make_inceptions() {
    int channels = 192;
    // `classify` sees in training what the stage gives; it is the part `auxiliary`.
    const auto inception = [&](const std::string& name, const InceptionWidths& widths,
                               const std::string& auxiliary = "",
                               const std::function<void(const at::Tensor&)>& classify = {}) {
      const Inception net = register_module(name, Inception(channels, widths));
      std::vector<std::string> parts{name};
      if (classify) parts.push_back(auxiliary);
      add_stage(
          name,
          [this, net = net.ptr().get(), classify](const at::Tensor& x) {
            at::Tensor y = net->forward(x);
            if (classify && is_training()) classify(y);
            return y;
          },
          std::move(parts));
      channels = widths.sum();
    };
    inception("inception3a", {64, 96, 128, 16, 32, 32});
    inception("inception3b", {128, 128, 192, 32, 96, 64});
    pool("maxpool3", 3);
    inception("inception4a", {192, 96, 208, 16, 48, 64}, "aux1",
              [this](const at::Tensor& x) { logits1_ = aux1_->forward(x); });
    inception("inception4b", {160, 112, 224, 24, 64, 64});
    inception("inception4c", {128, 128, 256, 24, 64, 64});
    inception("inception4d", {112, 144, 288, 32, 64, 64}, "aux2",
              [this](const at::Tensor& x) { logits2_ = aux2_->forward(x); });
    inception("inception4e", {256, 160, 320, 32, 128, 128});
    pool("maxpool4", 2);
    inception("inception5a", {256, 160, 320, 32, 128, 128});
    inception("inception5b", {384, 192, 384, 48, 128, 128});
    return channels;
  }

  void pool(const std::string& name, int kernel) {
    add_stage(name, max_pool(kernel, 2, 0, /*ceil_mode=*/true));
  }

  std::shared_ptr<GoogLeNetAuxiliary> aux1_, aux2_;
  at::Tensor logits1_, logits2_;
};

}  // namespace

std::vector<ModelEntry> googlenet_family() {
  return {{.info = {.name = "googlenet",
                    .parameters = 13'004'888,  // of which 6,379,984 are the auxiliary classifiers'
                    .gflops = 1.498,
                    .paper = "arXiv:1409.4842",
                    .takes = {.dropout = true}},
           .make = [](const ModelOptions& options) {
             return Model(std::make_shared<GoogLeNet>(options), "googlenet");
           }}};
}

}  // namespace imgcls::models
