#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <ATen/ops/cat.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/dropout.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// Few channels, which a 1x1 and a 3x3 convolution beside each other make many again.
class Fire : public nn::Module {
 public:
  /// Each of the two gives `expanded` channels: 2 * expanded in all.
  Fire(int in, int squeezed, int expanded)
      : squeeze_(register_module("squeeze", nn::Conv2d(nn::Conv2dOptions(in, squeezed, 1)))),
        expand1x1_(
            register_module("expand1x1", nn::Conv2d(nn::Conv2dOptions(squeezed, expanded, 1)))),
        expand3x3_(register_module(
            "expand3x3", nn::Conv2d(nn::Conv2dOptions(squeezed, expanded, 3).padding(1)))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor few = squeeze_(x).relu_();
    return at::cat({expand1x1_(few).relu_(), expand3x3_(few).relu_()}, 1);
  }

 private:
  nn::Conv2d squeeze_, expand1x1_, expand3x3_;
};

enum class Version { v1_0, v1_1 };  // 1.1 pools earlier, for 2.4 times fewer operations

class SqueezeNet : public Network {
 public:
  SqueezeNet(Version version, const ModelOptions& options) {
    make_features(version);
    make_classifier(options);
    initialize();
  }

 private:
  void make_features(Version version) {
    const bool pools_earlier = version == Version::v1_1;
    Chain features;
    std::vector<std::size_t> lasts;
    int in = pools_earlier ? 64 : 96;
    const auto pool = [&] {
      features->add(max_pool(3, 2, 0, /*ceil_mode=*/true));
      lasts.push_back(features->size() - 1);
    };
    const auto fire = [&](int squeezed, int expanded) {
      features->add(std::make_shared<Fire>(in, squeezed, expanded));
      in = 2 * expanded;
    };
    features->add(nn::Conv2d(nn::Conv2dOptions(3, in, pools_earlier ? 3 : 7).stride(2)));
    features->add(activation(Activation::relu));
    pool();
    fire(16, 64);
    fire(16, 64);
    if (pools_earlier) pool();
    fire(32, 128);
    if (!pools_earlier) pool();
    fire(32, 128);
    if (pools_earlier) pool();
    fire(48, 192);
    fire(48, 192);
    fire(64, 256);
    if (!pools_earlier) pool();
    fire(64, 256);
    lasts.push_back(features->size() - 1);
    register_stages("features", features, lasts);
  }

  void make_classifier(const ModelOptions& options) {
    Chain classifier;
    last_conv_ = nn::Conv2d(nn::Conv2dOptions(512, options.classes, 1));
    classifier->add(nn::Dropout(options.dropout.value_or(0.5)));
    classifier->add(last_conv_);
    classifier->add(activation(Activation::relu));
    classifier->add(global_average);
    register_stage("classifier", classifier);
    set_head("classifier.1");
  }

  void initialize() {
    for (const auto& module : modules(/*include_self=*/false)) {
      auto* conv = module->as<nn::Conv2d>();
      if (conv == nullptr) continue;
      if (conv == last_conv_.get()) {
        nn::init::normal_(conv->weight, 0, 0.01);
      } else {
        nn::init::kaiming_uniform_(conv->weight);
      }
      nn::init::zeros_(conv->bias);
    }
  }

  nn::Conv2d last_conv_{nullptr};
};

}  // namespace

std::vector<ModelEntry> squeezenet_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         Version version) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:1602.07360",
                   .takes = {.dropout = true}};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<SqueezeNet>(version, options), name);
                   }});
  };
  entry("squeezenet1_1", 1'235'496, 0.349, Version::v1_1);
  entry("squeezenet1_0", 1'248'424, 0.819, Version::v1_0);
  return all;
}

}  // namespace imgcls::models
