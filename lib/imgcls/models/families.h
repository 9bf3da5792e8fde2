#pragma once
// The families of networks in the registry. Each is a file of its own, which names its paper; its
// entries are sorted by size.

#include <imgcls/models/registry.h>

#include <vector>

namespace imgcls::models {

std::vector<ModelEntry> resnet_family();    // ResNet, ResNeXt, Wide ResNet
std::vector<ModelEntry> resnet9_family();   // for small images
std::vector<ModelEntry> airbench_family();  // for small images

}  // namespace imgcls::models
