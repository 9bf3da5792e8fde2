#pragma once
// The network of Keller Jordan's "94% on CIFAR-10 in 3.29 seconds" (arXiv:2404.00498), which learns
// small images in few epochs.

#include <imgcls/models/registry.h>

namespace imgcls::models {

/// With w = options.width (0: 64), for N x 3 x H x W of at least 25 px:
///
///   whiten  3 -> 24       conv 2x2, fixed: decorrelates patches of training images; GELU
///   group1  24 -> w       conv 3x3, max pool 2, batch norm, GELU, conv 3x3, batch norm, GELU
///   group2  w -> 4w       the same
///   group3  4w -> 4w      the same
///   fc      max pool 3, linear without bias, times 1/9
///
/// 1.97 M parameters at w = 64 and 10 classes. Convolutions start as the identity as far as their
/// shape allows, and batch norms have a trainable bias alone, which wants 64 times the others'
/// learning rate (configs/train/cifar10.json). `options.stem` is ignored.
Model airbench(const ModelOptions& options);

}  // namespace imgcls::models
