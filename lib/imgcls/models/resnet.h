#pragma once
// Residual networks: He et al., "Deep residual learning for image recognition" (arXiv:1512.03385),
// in torchvision's form ("v1.5": a bottleneck's stride is in its 3x3 convolution).

#include <imgcls/models/registry.h>

namespace imgcls::models {

/// ResNet-18, 34, 50, 101 or 152, by `depth`, with torchvision's parameter names, initial values
/// and order of random draws. Input: N x 3 x H x W, at least 32 px with the imagenet stem. Throws
/// ConfigError for another depth.
Model resnet(int depth, const ModelOptions& options);

}  // namespace imgcls::models
