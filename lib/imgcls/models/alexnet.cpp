#include <imgcls/models/families.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// The network for one GPU of "One weird trick", not the two halves of 2012.
class AlexNet : public Network {
 public:
  explicit AlexNet(const ModelOptions& options) {
    make_features();
    add_stage("avgpool", [](const at::Tensor& x) { return adaptive_average(x, 6, 6).flatten(1); });
    make_classifier(options);
  }

 private:
  void make_features() {
    Chain features;
    const auto conv = [&](const nn::Conv2dOptions& options) {
      features->add(nn::Conv2d(options));
      features->add(activation(Activation::relu));
    };
    conv(nn::Conv2dOptions(3, 64, 11).stride(4).padding(2));
    features->add(max_pool(3, 2));
    conv(nn::Conv2dOptions(64, 192, 5).padding(2));
    features->add(max_pool(3, 2));
    conv(nn::Conv2dOptions(192, 384, 3).padding(1));
    conv(nn::Conv2dOptions(384, 256, 3).padding(1));
    conv(nn::Conv2dOptions(256, 256, 3).padding(1));
    features->add(max_pool(3, 2));
    register_stages("features", features, {2, 5, 12});
  }

  void make_classifier(const ModelOptions& options) {
    constexpr int kHidden = 4096;
    const double dropout = options.dropout.value_or(0.5);
    Chain classifier;
    for (const int in : {256 * 6 * 6, kHidden}) {
      classifier->add(nn::Dropout(dropout));
      classifier->add(nn::Linear(in, kHidden));
      classifier->add(activation(Activation::relu));
    }
    classifier->add(nn::Linear(kHidden, options.classes));
    register_stage("classifier", classifier);
    set_head("classifier.6");
  }
};

}  // namespace

std::vector<ModelEntry> alexnet_family() {
  return {{.info = {.name = "alexnet",
                    .parameters = 61'100'840,
                    .gflops = 0.714,
                    .paper = "arXiv:1404.5997",
                    .takes = {.dropout = true}},
           .make = [](const ModelOptions& options) {
             return Model(std::make_shared<AlexNet>(options), "alexnet");
           }}};
}

}  // namespace imgcls::models
