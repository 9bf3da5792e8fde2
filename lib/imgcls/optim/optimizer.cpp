#include <imgcls/core/error.h>
#include <imgcls/optim/adam.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/sgd.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <map>
#include <regex>

namespace imgcls::optim {

std::vector<ParameterGroup> make_groups(const std::vector<models::NamedTensor>& parameters,
                                        const OptimizerOptions& options) {
  std::vector<std::regex> patterns;
  std::vector<ParameterGroup> groups;
  for (const GroupRule& rule : options.groups) {
    try {
      patterns.emplace_back(rule.pattern);
    } catch (const std::regex_error& e) {
      throw ConfigError(fmt::format("optimizer.groups: \"{}\" is no regular expression: {}",
                                    rule.pattern, e.what()));
    }
    groups.push_back({.parameters = {},
                      .weight_decay = rule.weight_decay.value_or(options.weight_decay),
                      .lr_scale = rule.lr_scale.value_or(1)});
  }
  groups.push_back({.parameters = {}, .weight_decay = options.weight_decay});

  for (const models::NamedTensor& parameter : parameters) {
    std::size_t rule = 0;
    while (rule < patterns.size() && !std::regex_search(parameter.name, patterns[rule])) ++rule;
    groups[rule].parameters.push_back(parameter);
  }
  std::erase_if(groups, [](const ParameterGroup& group) { return group.parameters.empty(); });
  return groups;
}

void Optimizer::load_state(std::span<const models::NamedTensor> saved) {
  std::map<std::string_view, const at::Tensor*> by_name;
  for (const models::NamedTensor& item : saved) by_name[item.name] = &item.tensor;
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& own : state()) {
    const auto found = by_name.find(own.name);
    if (found == by_name.end()) {
      throw CheckpointError(fmt::format("the optimizer's state lacks \"{}\"", own.name));
    }
    if (found->second->sizes() != own.tensor.sizes()) {
      throw CheckpointError(
          fmt::format("the optimizer's state \"{}\" has another shape", own.name));
    }
    own.tensor.copy_(*found->second);
  }
}

void Optimizer::zero_grad() {
  for (const ParameterGroup& group : groups_) {
    for (const models::NamedTensor& parameter : group.parameters) {
      parameter.tensor.mutable_grad().reset();
    }
  }
}

std::unique_ptr<Optimizer> make_optimizer(const std::vector<models::NamedTensor>& parameters,
                                          const OptimizerOptions& options) {
  std::vector<ParameterGroup> groups = make_groups(parameters, options);
  switch (options.kind) {
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      return std::make_unique<Adam>(std::move(groups), options);
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(std::move(groups), options);
  }
  throw ConfigError("unknown optimizer");
}

}  // namespace imgcls::optim
