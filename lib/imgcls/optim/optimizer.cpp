#include <imgcls/core/error.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/pattern.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <functional>
#include <map>
#include <regex>

namespace imgcls::optim {

std::regex pattern(const std::string& text, std::string_view key) {
  try {
    return std::regex(text);
  } catch (const std::regex_error& e) {
    throw ConfigError(
        fmt::format("{}: \"{}\" is not a valid regular expression: {}", key, text, e.what()));
  }
}

std::vector<ParameterGroup> make_groups(const std::vector<models::NamedTensor>& parameters,
                                        const OptimizerOptions& options) {
  std::vector<std::regex> patterns;
  for (const GroupRule& rule : options.groups) {
    patterns.push_back(pattern(rule.pattern, "optimizer.groups"));
  }
  // By the rules that match, of which the first decides the order; those without any come last.
  std::map<std::vector<bool>, ParameterGroup, std::greater<>> groups;
  for (const models::NamedTensor& parameter : parameters) {
    std::vector<bool> matches;
    ParameterGroup group{.parameters = {}, .weight_decay = options.weight_decay};
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      matches.push_back(std::regex_search(parameter.name, patterns[i]));
      if (!matches.back()) continue;
      group.weight_decay = options.groups[i].weight_decay.value_or(group.weight_decay);
      group.lr_scale = options.groups[i].lr_scale.value_or(group.lr_scale);
    }
    groups.try_emplace(matches, group).first->second.parameters.push_back(parameter);
  }
  std::vector<ParameterGroup> all;
  for (auto& [matches, group] : groups) all.push_back(std::move(group));
  return all;
}

std::vector<at::Tensor> Optimizer::gradients() const {
  std::vector<at::Tensor> all;
  for (const ParameterGroup& group : groups_) {
    for (const models::NamedTensor& parameter : group.parameters) {
      if (parameter.tensor.grad().defined()) all.push_back(parameter.tensor.grad());
    }
  }
  return all;
}

void fill_state(std::span<const models::NamedTensor> own_state,
                std::span<const models::NamedTensor> saved, std::string_view whose) {
  std::map<std::string_view, const at::Tensor*> by_name;
  for (const models::NamedTensor& item : saved) by_name[item.name] = &item.tensor;
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& own : own_state) {
    const auto found = by_name.find(own.name);
    if (found == by_name.end()) {
      throw CheckpointError(fmt::format("{}'s state lacks \"{}\"", whose, own.name));
    }
    if (found->second->sizes() != own.tensor.sizes()) {
      throw CheckpointError(fmt::format("{}'s state \"{}\" has another shape", whose, own.name));
    }
    own.tensor.copy_(*found->second);
  }
}

void Optimizer::load_state(std::span<const models::NamedTensor> saved) {
  fill_state(state(), saved, "the optimizer");
}

void Optimizer::zero_grad() {
  for (const ParameterGroup& group : groups_) {
    for (const models::NamedTensor& parameter : group.parameters) {
      parameter.tensor.mutable_grad().reset();
    }
  }
}

}  // namespace imgcls::optim
