#pragma once
// The families of networks in the registry. Each is a file of its own, which names its paper; its
// entries are sorted by size.

#include <imgcls/models/registry.h>

#include <vector>

namespace imgcls::models {

std::vector<ModelEntry> alexnet_family();
std::vector<ModelEntry> densenet_family();
std::vector<ModelEntry> googlenet_family();
std::vector<ModelEntry> inception_family();
std::vector<ModelEntry> mnasnet_family();
std::vector<ModelEntry> mobilenetv2_family();
std::vector<ModelEntry> mobilenetv3_family();
std::vector<ModelEntry> resnet_family();  // ResNet, ResNeXt, Wide ResNet
std::vector<ModelEntry> shufflenetv2_family();
std::vector<ModelEntry> squeezenet_family();
std::vector<ModelEntry> vgg_family();                // with and without batch norm
std::vector<ModelEntry> efficientnet_family();       // EfficientNet and EfficientNetV2
std::vector<ModelEntry> efficientnet_lite_family();  // for phones
std::vector<ModelEntry> regnet_family();             // RegNet Y and X
std::vector<ModelEntry> convnext_family();
std::vector<ModelEntry> vision_transformer_family();  // ViT
std::vector<ModelEntry> swin_transformer_family();    // Swin and Swin V2
std::vector<ModelEntry> maxvit_family();
std::vector<ModelEntry> airbench_family();  // for small images
std::vector<ModelEntry> resnet9_family();   // for small images

}  // namespace imgcls::models
