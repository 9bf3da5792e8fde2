#include <imgcls/models/parameter_places.h>

#include <torch/nn/module.h>

#include <regex>

namespace imgcls::models {
namespace {

/// Which layer parameters are of whose names begin in some way.
enum class Layer {
  stem,
  own,       ///< one for each beginning
  next,      ///< the layer that comes next
  previous,  ///< the last one so far
};

struct LayerRule {
  std::regex beginning;
  Layer layer;
};

/// The first rule that matches a name holds; names that none matches are the head's.
struct NumberedFamily {
  std::string name;
  std::regex models;
  std::vector<LayerRule> rules;
};

const std::vector<NumberedFamily>& families() {
  const auto re = [](const char* text) { return std::regex(text); };
  static const std::vector<NumberedFamily> all{
      {"ResNet",
       re("(wide_)?resnet(18|34|50|101|152)(_2)?|resnext.*"),
       {{re("conv1|bn1"), Layer::stem}, {re(R"(layer\d+\.\d+\.)"), Layer::own}}},
      {"RegNet",
       re("regnet_.*"),
       {{re("stem"), Layer::stem}, {re(R"(trunk_output\.block\d+\.block\d+-\d+\.)"), Layer::own}}},
      {"EfficientNet",
       re("efficientnet_(b|v2_).*"),
       {{re(R"(features\.0\.)"), Layer::stem},
        {re(R"(features\.\d+\.\d+\.block)"), Layer::own},
        {re("features"), Layer::previous}}},
      {"ConvNeXt",
       re("convnext_.*"),
       {{re(R"(features\.0\.)"), Layer::stem},
        {re(R"(features\.[246]\.)"), Layer::next},
        {re(R"(features\.\d+\.\d+\.)"), Layer::own}}},
      {"ViT",
       re("(vit|deit)_.*"),
       {{re(R"(class_token|distillation_token|conv_proj|encoder\.pos_embedding)"), Layer::stem},
        {re(R"(encoder\.layers\.encoder_layer_\d+\.)"), Layer::own},
        {re(R"(encoder\.ln)"), Layer::previous}}},
      {"Swin",
       re("swin_.*"),
       {{re(R"(features\.0\.)"), Layer::stem},
        {re(R"(features\.[246]\.)"), Layer::next},
        {re(R"(features\.\d+\.\d+\.)"), Layer::own},
        {re("norm"), Layer::previous}}},
  };
  return all;
}

/// Numbers the layers in the order of the parameters, which is that of depth.
void number_layers(const std::vector<NamedTensor>& parameters, const std::vector<LayerRule>& rules,
                   std::vector<ParameterPlace>& places) {
  int last = 0;
  std::string layer;  // the beginning of the last one's names
  std::vector<std::size_t> head;
  const auto number = [&](const std::string& name) -> std::optional<int> {
    for (const LayerRule& rule : rules) {
      std::smatch found;
      if (!std::regex_search(name, found, rule.beginning, std::regex_constants::match_continuous)) {
        continue;
      }
      if (rule.layer == Layer::stem) return 0;
      if (rule.layer == Layer::next) return last + 1;
      if (rule.layer == Layer::own && found.str() != layer) layer = found.str(), ++last;
      return last;
    }
    return std::nullopt;
  };
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].layer = number(parameters[i].name);
    if (!places[i].layer) head.push_back(i);
  }
  for (const std::size_t i : head) {
    if (last > 0) places[i].layer = last + 1;  // else a network of another build by a known name
  }
}

}  // namespace

std::vector<ParameterPlace> parameter_places(const Model& model) {
  const std::vector<NamedTensor> parameters = model.parameters();
  std::vector<ParameterPlace> places;
  places.reserve(parameters.size());
  const auto modules = model.module().named_modules();
  for (const auto& [name, tensor] : parameters) {
    const std::size_t dot = name.rfind('.');
    const auto* owner = dot == std::string::npos ? nullptr : modules.find(name.substr(0, dot));
    places.push_back(
        {.layer = {},
         .of_norm = owner != nullptr && (*owner)->name().find("Norm") != std::string::npos});
  }
  for (const NumberedFamily& family : families()) {
    if (std::regex_match(model.name(), family.models)) {
      number_layers(parameters, family.rules, places);
    }
  }
  return places;
}

std::vector<std::string> numbered_families() {
  std::vector<std::string> names;
  for (const NumberedFamily& family : families()) names.push_back(family.name);
  return names;
}

}  // namespace imgcls::models
