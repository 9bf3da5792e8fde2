#pragma once
// A residual network of nine layers for small images, in the manner of David Page's "How to train
// your ResNet" (2018), which won DAWNBench's CIFAR-10 contest: here with pre-pooled stages and
// widths chosen for CPUs.

#include <imgcls/models/registry.h>

namespace imgcls::models {

/// With w = options.width (0: 16), for N x 3 x H x W of at least 8 px:
///
///   prep    3 -> w        conv 3x3, batch norm, ReLU
///   layer1  w -> 2w       conv 3x3, max pool 2, batch norm, ReLU
///   layer2  2w -> 6w      the same, then a residual pair of convolutions
///   layer3  6w -> 12w     the same, then a residual pair
///   fc      global max pool, linear, times 1/8
///
/// 1.03 M parameters at w = 16 and 10 classes. The stem is small by construction; `options.stem` is
/// ignored, zero_init_residual honoured.
Model resnet9(const ModelOptions& options);

}  // namespace imgcls::models
