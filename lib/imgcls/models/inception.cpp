#include <imgcls/models/families.h>
#include <imgcls/models/inception_layers.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <torch/nn/modules/dropout.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// Branches beside each other, whose outputs are concatenated: what the paper's modules have in
/// common. The steps added make up the branch begun last.
class MixedImpl : public nn::Module {
 public:
  /// `in`: channels that every branch is given.
  explicit MixedImpl(int in) : in_(in) {}

  MixedImpl& branch() {
    branches_.emplace_back();
    channels_ = in_;
    return *this;
  }
  /// A convolution that keeps the resolution.
  MixedImpl& conv(const std::string& name, int out, int height, int width) {
    add(make(name, out, {height, width}, 1, {height / 2, width / 2}));
    channels_ = out;
    return *this;
  }
  /// A 3x3 convolution of stride 2.
  MixedImpl& reduce(const std::string& name, int out) {
    add(make(name, out, 3, 2, 0));
    channels_ = out;
    return *this;
  }
  /// Ends a branch with a 1x3 and a 3x1 convolution beside each other.
  MixedImpl& fork(const std::string& name, int out) {
    Step wide = make(name + "a", out, {1, 3}, 1, {0, 1});
    Step high = make(name + "b", out, {3, 1}, 1, {1, 0});
    return add([=](const at::Tensor& x) { return at::cat({wide(x), high(x)}, 1); });
  }
  MixedImpl& average() {
    return add([](const at::Tensor& x) { return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}); });
  }
  MixedImpl& add(Step step) {
    branches_.back().push_back(std::move(step));
    return *this;
  }

  at::Tensor forward(const at::Tensor& x) const {
    std::vector<at::Tensor> outputs;
    for (const std::vector<Step>& branch : branches_) {
      at::Tensor y = x;
      for (const Step& step : branch) y = step(y);
      outputs.push_back(std::move(y));
    }
    return at::cat(outputs, 1);
  }

 private:
  using Pair = BasicConvImpl::Pair;

  Step make(const std::string& name, int out, const Pair& kernel, int stride, const Pair& padding) {
    const BasicConv conv(channels_, out, kernel, stride, padding);
    register_module(name, conv);
    return [net = conv.ptr().get()](const at::Tensor& x) { return net->forward(x); };
  }

  int in_, channels_ = 0;
  std::vector<std::vector<Step>> branches_;
};
TORCH_MODULE(Mixed);

// The modules have the letters of torchvision's classes. The paper's figures show them: A its
// figure 5, C its figure 6, E its figure 7, and B and D the reductions of its figure 10.

Mixed mixed_a(int in, int pooled) {
  Mixed net(in);
  net->branch().conv("branch1x1", 64, 1, 1);
  net->branch().conv("branch5x5_1", 48, 1, 1).conv("branch5x5_2", 64, 5, 5);
  net->branch()
      .conv("branch3x3dbl_1", 64, 1, 1)
      .conv("branch3x3dbl_2", 96, 3, 3)
      .conv("branch3x3dbl_3", 96, 3, 3);
  net->branch().average().conv("branch_pool", pooled, 1, 1);
  return net;
}

Mixed mixed_b(int in) {
  Mixed net(in);
  net->branch().reduce("branch3x3", 384);
  net->branch()
      .conv("branch3x3dbl_1", 64, 1, 1)
      .conv("branch3x3dbl_2", 96, 3, 3)
      .reduce("branch3x3dbl_3", 96);
  net->branch().add(max_pool(3, 2));
  return net;
}

Mixed mixed_c(int in, int narrow) {
  constexpr int kOut = 192;
  Mixed net(in);
  net->branch().conv("branch1x1", kOut, 1, 1);
  net->branch()
      .conv("branch7x7_1", narrow, 1, 1)
      .conv("branch7x7_2", narrow, 1, 7)
      .conv("branch7x7_3", kOut, 7, 1);
  net->branch()
      .conv("branch7x7dbl_1", narrow, 1, 1)
      .conv("branch7x7dbl_2", narrow, 7, 1)
      .conv("branch7x7dbl_3", narrow, 1, 7)
      .conv("branch7x7dbl_4", narrow, 7, 1)
      .conv("branch7x7dbl_5", kOut, 1, 7);
  net->branch().average().conv("branch_pool", kOut, 1, 1);
  return net;
}

Mixed mixed_d(int in) {
  Mixed net(in);
  net->branch().conv("branch3x3_1", 192, 1, 1).reduce("branch3x3_2", 320);
  net->branch()
      .conv("branch7x7x3_1", 192, 1, 1)
      .conv("branch7x7x3_2", 192, 1, 7)
      .conv("branch7x7x3_3", 192, 7, 1)
      .reduce("branch7x7x3_4", 192);
  net->branch().add(max_pool(3, 2));
  return net;
}

Mixed mixed_e(int in) {
  Mixed net(in);
  net->branch().conv("branch1x1", 320, 1, 1);
  net->branch().conv("branch3x3_1", 384, 1, 1).fork("branch3x3_2", 384);
  net->branch()
      .conv("branch3x3dbl_1", 448, 1, 1)
      .conv("branch3x3dbl_2", 384, 3, 3)
      .fork("branch3x3dbl_3", 384);
  net->branch().average().conv("branch_pool", 192, 1, 1);
  return net;
}

/// Logits from the middle of the network, for maps of at least 17 x 17.
class InceptionAuxiliary : public nn::Module {
 public:
  InceptionAuxiliary(int in, int classes)
      : conv0_(register_module("conv0", BasicConv(in, 128, 1))),
        conv1_(register_module("conv1", BasicConv(128, 768, 5))),
        fc_(register_module("fc", nn::Linear(768, classes))) {}

  at::Tensor forward(const at::Tensor& x) {
    return fc_(global_average(conv1_(conv0_(at::avg_pool2d(x, {5, 5}, {3, 3})))));
  }

  const nn::Linear& fc() const { return fc_; }

 private:
  BasicConv conv0_, conv1_;
  nn::Linear fc_;
};

class InceptionV3 : public Network {
 public:
  explicit InceptionV3(const ModelOptions& options) {
    make_stem();
    make_mixed(options.classes);
    add_stage("avgpool", global_average);
    register_stage("dropout", nn::Dropout(options.dropout.value_or(0.5)));
    register_stage("fc", nn::Linear(2048, options.classes));
    set_head("fc", {"AuxLogits.fc"});
    initialize();
  }

  std::vector<Auxiliary> auxiliary() const override {
    constexpr double kWeight = 0.4;
    if (!is_training()) return {};
    return {{auxiliary_logits_, kWeight}};
  }

 private:
  void make_stem() {
    register_stage("Conv2d_1a_3x3", BasicConv(3, 32, 3, 2));
    register_stage("Conv2d_2a_3x3", BasicConv(32, 32, 3));
    register_stage("Conv2d_2b_3x3", BasicConv(32, 64, 3, 1, 1));
    add_stage("maxpool1", max_pool(3, 2));
    register_stage("Conv2d_3b_1x1", BasicConv(64, 80, 1));
    register_stage("Conv2d_4a_3x3", BasicConv(80, 192, 3));
    add_stage("maxpool2", max_pool(3, 2));
  }

  void make_mixed(int classes) {
    register_stage("Mixed_5b", mixed_a(192, 32));
    register_stage("Mixed_5c", mixed_a(256, 64));
    register_stage("Mixed_5d", mixed_a(288, 64));
    register_stage("Mixed_6a", mixed_b(288));
    register_stage("Mixed_6b", mixed_c(768, 128));
    register_stage("Mixed_6c", mixed_c(768, 160));
    register_stage("Mixed_6d", mixed_c(768, 160));
    const Mixed middle = register_module("Mixed_6e", mixed_c(768, 192));
    auxiliary_ = register_module("AuxLogits", std::make_shared<InceptionAuxiliary>(768, classes));
    add_stage("Mixed_6e",
              [this, middle = middle.ptr().get()](const at::Tensor& x) {
                at::Tensor y = middle->forward(x);
                if (is_training()) auxiliary_logits_ = auxiliary_->forward(y);
                return y;
              },
              {"Mixed_6e", "AuxLogits"});
    register_stage("Mixed_7a", mixed_d(768));
    register_stage("Mixed_7b", mixed_e(1280));
    register_stage("Mixed_7c", mixed_e(2048));
  }

  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      const bool auxiliary_fc = module == auxiliary_->fc().ptr();
      draw_inception_weights(*module, auxiliary_fc ? 0.001 : 0.1);
    }
  }

  std::shared_ptr<InceptionAuxiliary> auxiliary_;
  at::Tensor auxiliary_logits_;
};

}  // namespace

std::vector<ModelEntry> inception_family() {
  return {{.info = {.name = "inception_v3",
                    .parameters = 27'161'264,  // with the auxiliary classifier
                    .gflops = 5.713,
                    .input_size = 299,
                    .paper = "arXiv:1512.00567",
                    .takes = {.dropout = true}},
           .make = [](const ModelOptions& options) {
             return Model(std::make_shared<InceptionV3>(options), "inception_v3");
           }}};
}

}  // namespace imgcls::models
