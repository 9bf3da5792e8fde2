#include <imgcls/models/families.h>
#include <imgcls/models/init.h>
#include <imgcls/models/layers.h>
#include <imgcls/models/network.h>

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <array>

namespace imgcls::models {
namespace {

namespace nn = torch::nn;

/// 3x3 convolutions of each block, as the columns of the paper's table 1 have them. A max pool ends
/// each block.
using Depths = std::array<int, 5>;

class Vgg : public Network {
 public:
  Vgg(const Depths& depths, bool batch_norm, const ModelOptions& options) {
    make_features(depths, batch_norm);
    add_stage("avgpool", [](const at::Tensor& x) { return adaptive_average(x, 7, 7).flatten(1); });
    make_classifier(options);
    initialize_by_fan_out(*this);
  }

 private:
  static constexpr std::array kChannels = {64, 128, 256, 512, 512};

  void make_features(const Depths& depths, bool batch_norm) {
    Chain features;
    std::vector<std::size_t> lasts;
    int in = 3;
    for (std::size_t block = 0; block < depths.size(); ++block) {
      for (int i = 0; i < depths[block]; ++i) {
        features->add(nn::Conv2d(nn::Conv2dOptions(in, kChannels[block], 3).padding(1)));
        in = kChannels[block];
        if (batch_norm) features->add(BatchNorm2d(in));
        features->add(activation(Activation::relu));
      }
      features->add(max_pool(2, 2));
      lasts.push_back(features->size() - 1);
    }
    register_stages("features", features, lasts);
  }

  void make_classifier(const ModelOptions& options) {
    constexpr int kHidden = 4096;
    const double dropout = options.dropout.value_or(0.5);
    Chain classifier;
    for (const int in : {kChannels.back() * 7 * 7, kHidden}) {
      classifier->add(nn::Linear(in, kHidden));
      classifier->add(activation(Activation::relu));
      classifier->add(nn::Dropout(dropout));
    }
    classifier->add(nn::Linear(kHidden, options.classes));
    register_stage("classifier", classifier);
    set_head("classifier.6");
  }
};

}  // namespace

std::vector<ModelEntry> vgg_family() {
  std::vector<ModelEntry> all;
  const auto entry = [&](const std::string& name, std::int64_t parameters, double gflops,
                         const Depths& depths, bool batch_norm) {
    ModelInfo info{.name = name,
                   .parameters = parameters,
                   .gflops = gflops,
                   .paper = "arXiv:1409.1556",
                   .takes = {.dropout = true}};
    all.push_back({std::move(info), [=](const ModelOptions& options) {
                     return Model(std::make_shared<Vgg>(depths, batch_norm, options), name);
                   }});
  };
  constexpr Depths a = {1, 1, 2, 2, 2}, b = {2, 2, 2, 2, 2}, d = {2, 2, 3, 3, 3},
                   e = {2, 2, 4, 4, 4};
  entry("vgg11", 132'863'336, 7.609, a, false);
  entry("vgg11_bn", 132'868'840, 7.609, a, true);
  entry("vgg13", 133'047'848, 11.308, b, false);
  entry("vgg13_bn", 133'053'736, 11.308, b, true);
  entry("vgg16", 138'357'544, 15.47, d, false);
  entry("vgg16_bn", 138'365'992, 15.47, d, true);
  entry("vgg19", 143'667'240, 19.632, e, false);
  entry("vgg19_bn", 143'678'248, 19.632, e, true);
  return all;
}

}  // namespace imgcls::models
