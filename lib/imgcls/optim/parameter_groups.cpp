// How parameters are sorted into groups (optimizer.h).

#include <imgcls/core/error.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/pattern.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <regex>
#include <tuple>
#include <utility>

namespace imgcls::optim {
namespace {

/// ConvNeXt's layer_scale of C x 1 x 1 is a vector, as timm's of C is.
bool is_vector(const at::Tensor& parameter) {
  return std::ranges::count_if(parameter.sizes(), [](std::int64_t side) { return side > 1; }) < 2;
}

/// torchvision's names of what timm's models name in `no_weight_decay`.
bool is_embedding(const std::string& name) {
  static const std::regex names(
      "class_token|distillation_token|pos_embedding|"
      "relative_position_bias_table|cpb_mlp|logit_scale");
  return std::regex_search(name, names);
}

bool is(NoDecay kind, const models::NamedTensor& parameter, bool of_norm) {
  switch (kind) {
    case NoDecay::norm:
      return of_norm;
    case NoDecay::bias:
      return parameter.name.ends_with("bias");
    case NoDecay::embedding:
      return is_embedding(parameter.name);
    case NoDecay::vector:
      return is_vector(parameter.tensor);
  }
  return false;
}

/// The number of the highest layer; 0 where layers do not matter.
int last_layer(const OptimizerOptions& options, std::span<const models::ParameterPlace> places) {
  if (options.layer_decay == 1) return 0;
  if (places.empty() ||
      !std::ranges::all_of(places, [](const auto& p) { return p.layer.has_value(); })) {
    throw ConfigError(
        fmt::format("optimizer.layer_decay={} needs a model whose layers are numbered: {}",
                    options.layer_decay, fmt::join(models::numbered_families(), ", ")));
  }
  return std::ranges::max_element(places, {}, &models::ParameterPlace::layer)->layer.value();
}

}  // namespace

std::regex pattern(const std::string& text, std::string_view key) {
  try {
    return std::regex(text);
  } catch (const std::regex_error& e) {
    throw ConfigError(
        fmt::format("{}: \"{}\" is not a valid regular expression: {}", key, text, e.what()));
  }
}

std::vector<ParameterGroup> make_groups(const std::vector<models::NamedTensor>& parameters,
                                        const OptimizerOptions& options,
                                        std::span<const models::ParameterPlace> places) {
  if (places.empty() && std::ranges::count(options.no_decay, NoDecay::norm) > 0) {
    throw ConfigError("optimizer.no_decay: which parameters are a norm's is not known here");
  }
  std::vector<std::regex> patterns;
  for (const GroupRule& rule : options.groups) {
    patterns.push_back(pattern(rule.pattern, "optimizer.groups"));
  }
  const int last = last_layer(options, places);
  // By the rules that match, of which the first decides the order; those without any come last.
  // Then by kind, and by layer, the head first.
  std::map<std::tuple<std::vector<bool>, bool, int>, ParameterGroup, std::greater<>> groups;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const models::NamedTensor& parameter = parameters[p];
    const models::ParameterPlace place = places.empty() ? models::ParameterPlace() : places[p];
    const int layer = last == 0 ? 0 : place.layer.value_or(0);
    const bool spared = std::ranges::any_of(
        options.no_decay, [&](NoDecay kind) { return is(kind, parameter, place.of_norm); });
    ParameterGroup group{.parameters = {}, .weight_decay = spared ? 0 : options.weight_decay};
    std::vector<bool> matches;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      matches.push_back(std::regex_search(parameter.name, patterns[i]));
      if (!matches.back()) continue;
      group.weight_decay = options.groups[i].weight_decay.value_or(group.weight_decay);
      group.lr_scale = options.groups[i].lr_scale.value_or(group.lr_scale);
    }
    group.lr_scale *= std::pow(options.layer_decay, last - layer);
    groups.try_emplace({matches, spared, layer}, group)
        .first->second.parameters.push_back(parameter);
  }
  std::vector<ParameterGroup> all;
  for (auto& [_, group] : groups) all.push_back(std::move(group));
  return all;
}

}  // namespace imgcls::optim
