#pragma once
// The families of networks in the registry. Each is a file of its own, which names its paper; its
// entries are sorted by size.

#include <imgcls/models/registry.h>

#include <vector>

namespace imgcls::models {

std::vector<ModelEntry> alexnet_family();   ///< AlexNet in its one-column form (arXiv:1404.5997)
std::vector<ModelEntry> densenet_family();  ///< DenseNet (arXiv:1608.06993)
/// GoogLeNet, with auxiliary classifiers (arXiv:1409.4842).
std::vector<ModelEntry> googlenet_family();
/// Inception v3, with an auxiliary classifier (arXiv:1512.00567).
std::vector<ModelEntry> inception_family();
std::vector<ModelEntry> mnasnet_family();       ///< MNASNet (arXiv:1807.11626)
std::vector<ModelEntry> mobilenetv2_family();   ///< MobileNetV2 (arXiv:1801.04381)
std::vector<ModelEntry> mobilenetv3_family();   ///< MobileNetV3 (arXiv:1905.02244)
std::vector<ModelEntry> resnet_family();        ///< ResNet, ResNeXt, Wide ResNet (models/resnet.h)
std::vector<ModelEntry> shufflenetv2_family();  ///< ShuffleNet V2 (arXiv:1807.11164)
std::vector<ModelEntry> squeezenet_family();    ///< SqueezeNet (arXiv:1602.07360)
std::vector<ModelEntry> vgg_family();           ///< with and without batch norm (arXiv:1409.1556)
std::vector<ModelEntry> efficientnet_family();  ///< EfficientNet and EfficientNetV2
std::vector<ModelEntry> efficientnet_lite_family();   ///< EfficientNet for phones
std::vector<ModelEntry> regnet_family();              ///< RegNet Y and X (arXiv:2003.13678)
std::vector<ModelEntry> convnext_family();            ///< ConvNeXt (arXiv:2201.03545)
std::vector<ModelEntry> vision_transformer_family();  ///< ViT (arXiv:2010.11929)
std::vector<ModelEntry> swin_transformer_family();    ///< Swin and Swin V2
std::vector<ModelEntry> maxvit_family();              ///< MaxViT (arXiv:2204.01697)
std::vector<ModelEntry> airbench_family();            ///< for small images (models/airbench.h)
std::vector<ModelEntry> resnet9_family();             ///< for small images (models/resnet9.h)

}  // namespace imgcls::models
