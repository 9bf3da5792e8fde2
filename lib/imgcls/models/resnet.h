#pragma once
// Residual networks: He et al., "Deep residual learning for image recognition" (arXiv:1512.03385),
// in torchvision's form ("v1.5": a bottleneck's stride is in its 3x3 convolution); ResNeXt: Xie et
// al., "Aggregated residual transformations for deep neural networks" (arXiv:1611.05431); Wide
// ResNet: Zagoruyko and Komodakis (arXiv:1605.07146).

#include <imgcls/models/registry.h>

#include <array>

namespace imgcls::models {

/// What distinguishes the networks of the family.
struct ResNetShape {
  /// Blocks of each of the four layers.
  std::array<int, 4> depths;
  /// 1x1, 3x3, 1x1 convolutions with four times the channels at the end, instead of two 3x3.
  bool bottleneck = true;
  /// ResNeXt: the 3x3 convolutions' groups, and the channels of a group in the first layer.
  int groups = 1, width_per_group = 64;
};

/// A network with torchvision's parameter names, initial values and order of random draws. Input:
/// N x 3 x H x W, at least 32 px with the imagenet stem. Takes zero_init_residual, the small stem,
/// drop_path (torchvision's has none) and blur_pool.
Model resnet(std::string_view name, const ResNetShape& shape, const ModelOptions& options);

}  // namespace imgcls::models
